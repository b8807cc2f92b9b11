"""A wrong declaration fails at load, with file, line, key and what would be right."""

import pytest

from cdp.channel.load import load_channels
from cdp.errors import ChannelDeclarationError

GOOD = """\
type: pipelines.components.ChannelComponent
attributes:
  description: customers of the shop
  source: {kind: files, path: a.csv}
  record: {key: id}
  columns:
    born: date
    paid: {type: money, currency: EUR}
  identifiers:
    email: [mail, mail2]
    loyalty_card: {expr: card, required: true}
  traits:
    name.given: first
    birth_date: born
    custom.colour: colour
  events:
    - kind: order
      occurred_at: at
      amount: paid
  schedule: "0 5 * * *"
"""


def told(channel, text: str) -> str:
    with pytest.raises(ChannelDeclarationError) as error:
        channel.declare_text(text)
    return str(error.value).replace(f"{channel.folder}/", "")


def test_a_good_declaration_takes_its_name_from_its_folder(channel):
    spec = channel.declare_text(GOOD)
    assert spec.channel == "crm"
    assert spec.folder == channel.folder
    assert spec.identifiers["email"].expr == ("mail", "mail2")
    assert spec.columns["born"].type == "date"


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (
            "description:",
            "descripton:",
            "defs.yaml:3: descripton: there is no such key; did you mean 'description'?",
        ),
        ("path: a.csv", "pth: a.csv", "source.pth: there is no such key; did you mean 'path'?"),
        (
            "path: a.csv",
            "path: a.csv, format: cvs",
            "defs.yaml:4: source.format: input should be 'csv', 'tsv', 'jsonl' or 'parquet', not 'cvs'; did you mean 'csv'?",
        ),
        ("kind: files", "kind: file", "did you mean 'files'?"),
        (
            "{key: id}",
            "{}",
            "defs.yaml:5: record.key: is missing; write key: ... (the source's own key",
        ),
        ("{key: id}", "{key: no}", "record.key: 'false' names no column, so every row"),
        ("born: date", "born: dat", "defs.yaml:7: columns.born: input should be 'string'"),
        (
            "born: date",
            "born: {type: date, format: '%d.%m'}",
            "'%d.%m' is no format of a whole date",
        ),
        (
            "born: date",
            "born: {type: date, currency: EUR}",
            "`currency` goes with type money, not date",
        ),
        (
            "born: date",
            "born: {type: datetime, timezone: Europe/Berln}",
            "'Europe/Berln' is no time zone",
        ),
        (
            "name.given",
            "name.gven",
            "defs.yaml:13: traits.name.gven: trait 'name' has no field 'gven'; it has: given",
        ),
        ("birth_date: born", "birth_dat: born", "did you mean 'birth_date'?"),
        ("name.given", "name", "trait 'name' is an object; fill its fields: name.given"),
        ("birth_date: born", "birth_date: Born On", "'Born On' gives a column another name; put"),
        ("birth_date: born", "birth_date: born +", "defs.yaml:14: traits.birth_date"),
        (
            "occurred_at: at",
            "occurred_at: foo(at)",
            "events.0.occurred_at: 'foo(at)' is no expression: unsupported function 'foo'",
        ),
        ("kind: order", "kind: Order Line", "defs.yaml:17: events.0.kind"),
        ("currency: EUR", "currency: euro", "columns.paid.currency"),
        (", currency: EUR", "", "event 'order' has an amount but no currency"),
        ("0 5 * * *", "0 5 * *", "defs.yaml:20: schedule: '0 5 * *' has 4 fields"),
        ("0 5 * * *", "0 25 * * *", "'25' is no hour of cron; it goes from 0 to 23"),
        ("loyalty_card", "Loyalty Card", "identifiers.Loyalty Card"),
        ("path: a.csv", "path: a.csv, encoding: utf9", "'utf9' is no encoding"),
        ("path: a.csv", "path: a.csv, delimiter: ';;'", "is not one character"),
        (
            "path: a.csv",
            "path: a.csv, partition: {pattern: '(x', start: '2024-01-01'}",
            "is no regular expression",
        ),
        (
            "path: a.csv",
            "path: a.csv, partition: {pattern: 'x', start: '2024-01-01'}",
            "has 0 groups",
        ),
        (
            "record:",
            "trust: 101\n  record:",
            "trust: input should be less than or equal to 100, not 101",
        ),
        ("record:", "python: shape\n  record:", "'shape' is not module:function"),
        ("record:", "python: shape:wide\n  record:", "there is no file shape.py"),
        ("path: a.csv", "path: a.csv, joins: [{path: b.csv, by: id}]", "say either `columns`"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(channel, right, wrong, message):
    assert right in GOOD
    assert message in told(channel, GOOD.replace(right, wrong, 1))


def test_every_mistake_is_told_at_once(channel):
    wrong = GOOD.replace("born: date", "born: dat").replace("0 5 * * *", "daily")
    assert [line.split(": ")[1] for line in told(channel, wrong).splitlines()] == [
        "columns.born",
        "schedule",
    ]


def test_a_file_that_is_no_declaration_is_told(channel):
    assert "no `attributes`" in told(channel, "type: x\n")
    assert "is no YAML" in told(channel, "a: [\n")
    assert "is no YAML" in told(channel, "\x00")


def test_a_secret_may_not_stand_in_a_declaration(channel):
    source = "{kind: table, url_env: 'postgresql://me:secret@db/shop', table: t}"
    text = GOOD.replace("{kind: files, path: a.csv}", source)
    assert "must be the NAME of an environment variable" in told(channel, text)


def test_two_channels_may_not_have_one_name(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "defs.yaml").write_text(
            GOOD.replace("  record:", "  channel: shop\n  record:")
        )
    with pytest.raises(ChannelDeclarationError, match="'shop' is declared twice"):
        load_channels(tmp_path)


def test_all_channels_of_a_folder_are_loaded_by_name(tmp_path):
    for folder in ("web", "crm"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "defs.yaml").write_text(GOOD)
    assert [spec.channel for spec in load_channels(tmp_path)] == ["crm", "web"]


def test_a_python_escape_that_does_not_load_is_told(channel):
    (channel.folder / "shape.py").write_text("import nothing_of_that_name\n")
    assert "python: does not load" in told(channel, GOOD + "  python: shape:wide\n")
    (channel.folder / "shape.py").write_text("x = 1\n")
    assert "has no function 'wide'" in told(channel, GOOD + "  python: shape:wide\n")


def test_a_folder_whose_name_is_no_channel_is_told(tmp_path):
    (tmp_path / "Web-Shop").mkdir()
    (tmp_path / "Web-Shop" / "defs.yaml").write_text(GOOD)
    with pytest.raises(ChannelDeclarationError, match="'Web-Shop' is no snake_case; rename it"):
        load_channels(tmp_path)


def test_a_word_of_sql_alone_is_a_column(channel):
    spec = channel.declare_text(GOOD.replace("{key: id}", "{key: user}"))
    assert "user" in spec.columns_read()
    assert "put a column named like a word of SQL" in told(
        channel, GOOD.replace("{key: id}", "{key: trim(user)}")
    )
