"""What `cdp channel check` shows, and how quarantined rows come back."""

import json

from cdp.channel.mapping import map_rows
from cdp.channel.preview import preview

SPEC = {
    "columns": {"paid": {"type": "money", "currency": "EUR", "decimal": ","}},
    "identifiers": {"email": "mail"},
    "events": [{"kind": "order", "key": "no", "occurred_at": "at", "amount": "paid"}],
}
DATA = (
    'id,mail,no,at,paid\n1,a@x,o1,2024-01-01,"1,50"\n2,b@x,o2,2024-01-02,much\nrubbish\n'
    + "3,c,o3,2024-01-03,1\n" * 9
)


def test_the_first_rows_are_shown_as_they_would_be_landed(channel):
    spec = channel.files("a.csv", DATA, **SPEC)
    shown = preview(spec, channel.drop / "a.csv", rows=3, settings=channel.settings)
    assert shown.rows_read == 3
    assert [record["record_key"] for record in shown.records] == ["1"]
    assert [event["message_id"] for event in shown.events] == ["order:o1"]
    assert [(reject["row"], reject["rule"]) for reject in shown.rejects] == [
        (3, "type"),
        (4, "malformed"),
    ]
    assert json.loads(shown.model_dump_json())["events"][0]["amount"] == "1.5000"


def test_a_sample_without_rows_shows_nothing(channel):
    spec = channel.files("a.csv", DATA.splitlines()[0] + "\n", **SPEC)
    assert preview(spec, channel.drop / "a.csv", settings=channel.settings).rows_read == 0


def test_a_sample_of_a_table_is_a_file_of_its_rows(channel):
    (channel.drop / "rows.jsonl").write_text('{"id": 1, "mail": "a@x"}\n')
    source = {"kind": "table", "url_env": "SHOP_URL", "table": "customers"}
    spec = channel.declare(source=source, identifiers={"email": "mail"})
    assert preview(spec, channel.drop / "rows.jsonl").identifiers[0]["value"] == "a@x"


def test_a_sample_is_joined_with_the_file_of_its_day(channel):
    (channel.drop / "who_2024-05-01.csv").write_text("no,id\no1,7\n")
    source = {
        "path": "{data}/o_*.csv",
        "partition": {"pattern": r"o_(.{10})", "start": "2024-01-01"},
        "joins": [{"path": "{data}/who_{partition}.csv", "by": "no", "columns": ["id"]}],
    }
    spec = channel.files("o_2024-05-01.csv", "no\no1\n", source=source, identifiers={"card": "id"})
    shown = preview(spec, channel.drop / "o_2024-05-01.csv", settings=channel.settings)
    assert [each["value"] for each in shown.identifiers] == ["7"]


def test_a_mended_row_goes_through_the_same_mapping(channel):
    spec = channel.files("a.csv", DATA, **SPEC)
    whole = channel.batch(spec)
    (raw,) = [json.loads(row["raw"]) for row in whole.rejects.to_dicts() if row["rule"] == "type"]
    assert map_rows(spec, [raw]).rejects["value"].to_list() == ["much"]
    mended = map_rows(spec, [raw | {"paid": "2,50"}])
    assert mended.rows_read == 1
    assert mended.events["message_id"].to_list() == ["order:o2"]
    assert str(mended.events["amount"][0]) == "2.5000"


def test_rows_to_replay_are_numbered_in_their_order(channel):
    spec = channel.files("a.csv", DATA, **SPEC)
    good = {"id": "1", "mail": "a", "no": "n", "at": "2024-01-01", "paid": None}
    batch = map_rows(spec, [good | {"id": None}, good, good | {"at": "soon"}])
    assert batch.rejects["row"].to_list() == [1, 3]
    assert map_rows(spec, []).rows_read == 0


def test_a_nested_row_is_replayed_from_its_line(channel):
    spec = channel.files(
        "a.jsonl",
        '{"id": null, "user": {"mail": "a"}}\n{"id": 1, "user": {"mail": "b"}}\n',
        columns={"mail": {"path": "user.mail"}},
        identifiers={"email": "mail"},
    )
    raw = json.loads(channel.batch(spec).rejects["raw"][0])
    assert map_rows(spec, [raw | {"id": 9}]).identifiers.rows() == [("9", "email", "a")]
