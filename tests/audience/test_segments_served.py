"""Segments over HTTP, by the client, from the command line and by webhook, of people from channels."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cdp.cli import main
from cdp.client import Client
from cdp.conclude import conclude
from cdp.errors import InvalidSegment, ScopeMissing, SegmentNotFound
from cdp.settings import settings
from cdp.store import webhooks
from tests.served import Served, eventually, shop

__all__ = ["shop"]
BUYERS = {"event": "purchase", "count": {"at_least": 2}}
PAGE = Path(__file__).parents[2] / "docs" / "segments.md"


@pytest.fixture
def client(shop: Served):
    conclude(shop.database)
    with Client(shop.url, shop.key("read", "steward")) as found:
        yield found


def test_a_segment_is_saved_listed_and_explained_from_far_away(client, shop):
    assert client.estimate(BUYERS).people == 1
    saved = client.save_segment("buyers", BUYERS, description="twice or more")
    assert (saved.members, [each.name for each in client.segments()]) == (1, ["buyers"])
    (member,) = client.members("buyers")
    assert member.profile_id == client.get("email:ann@example.com").profile_id
    why = client.why("email:bo@example.com", "buyers")
    assert not why.holds
    assert why.reason.actual == {"count": 0}
    client.archive_segment("buyers")
    assert [each.kind for each in reversed(_changes(shop))] == ["leave", "enter"]


def _changes(shop: Served) -> list:
    with shop.database.autocommit() as connection:
        rows = connection.execute("SELECT change FROM cell_change ORDER BY position").fetchall()
    return [type("Change", (), {"kind": kind}) for (kind,) in rows]


def test_faults_come_back_as_what_they_are(client, shop):
    with pytest.raises(InvalidSegment, match="no event is of the kind 'purchas'; did you mean"):
        client.save_segment("x", {"event": "purchas"})
    with pytest.raises(SegmentNotFound):
        client.segment("nobody's")
    with (
        Client(shop.url, shop.key("read", fields=["demographics"])) as narrow,
        pytest.raises(ScopeMissing),
    ):
        narrow.why("email:ann@example.com", BUYERS)


def test_whoever_comes_and_goes_is_told_by_webhook(client, shop):
    with shop.database.autocommit() as connection:
        kinds = ["segment.entered", "segment.left"]
        webhooks.add(connection, "https://example.com/x", kinds, "s", datetime.now(UTC))
        client.save_segment("buyers", BUYERS)
        client.archive_segment("buyers")

        def told() -> list[tuple[str, str, str]]:
            # The service's courier fills them as well, and may be at it.
            webhooks.fill(connection, datetime.now(UTC))
            found = connection.execute("SELECT changes FROM webhook_delivery").fetchall()
            said = ((c["kind"], c["segment"], c["profile_id"]) for (many,) in found for c in many)
            return sorted(said)

        ann = str(client.get("email:ann@example.com").profile_id)
        both = [("segment.entered", "buyers", ann), ("segment.left", "buyers", ann)]
        eventually(lambda: told() == both)


@pytest.mark.usefixtures("client")
def test_the_command_line_saves_sizes_and_explains(shop, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CDP_DATABASE_URL", shop.database.url)
    settings.cache_clear()
    file = tmp_path / "buyers.yaml"
    file.write_text(json.dumps(BUYERS))
    said = []
    for command in (
        ["segment", "save", "buyers", str(file)],
        ["segment", "list"],
        ["segment", "estimate", str(file)],
        ["segment", "show", "buyers"],
        ["segment", "members", "buyers"],
        ["segment", "why", "email:bo@example.com", "buyers"],
        ["segment", "archive", "buyers"],
    ):
        with pytest.raises(SystemExit) as ended:
            main(command)
        said.append(capsys.readouterr().out)
        assert ended.value.code in (0, None)
    settings.cache_clear()
    assert said[0] == "buyers: 1 persons\n"
    assert said[2].startswith("1 of ")
    assert "at_least: 2" in said[3]
    assert "would have to hold; it is count 0" in said[5]


@pytest.mark.usefixtures("client")
def test_the_examples_of_the_page_run(shop, monkeypatch):
    monkeypatch.setenv("CDP_DATABASE_URL", shop.database.url)
    settings.cache_clear()
    text = PAGE.read_text().replace('category="running shoes", ', "")
    names: dict = {}
    for example in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        exec(compile(example.replace("product_viewed", "order"), str(PAGE), "exec"), names)  # noqa: S102  our own page
    settings.cache_clear()
