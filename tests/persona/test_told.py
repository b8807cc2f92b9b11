"""Who comes into a persona or situation, and who leaves it, is told like the changes of segments."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cdp.audience.words import in_cell
from cdp.conclude import conclude
from cdp.errors import InvalidRequest
from cdp.model.expression import as_data
from cdp.model.persona import StatedPersona
from cdp.personas import Personas
from cdp.segments import Segments
from cdp.settings import settings
from cdp.store import webhooks
from cdp.store.database import Database
from tests.scenarios.world import CLICK, World

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
VISITORS = {"name": "Visitors", "share": 0.9, "who": {"visits": {"min": 1}}}
BEACH = {"name": "Beach", "share": 0.5, "signals": {"category": {"swimwear": 0.9}}}
KINDS = [
    "persona.entered", "persona.left", "situation.entered", "situation.left",
    "segment.entered", "segment.left",
]  # fmt: skip


def looked(at: datetime, cookie: str) -> dict[str, Any]:
    return CLICK | {
        "event_id": f"{cookie}-{at}", "event": "product_viewed", "cookie_id": cookie,
        "category": "Swimwear", "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip


def told(database: Database, now: datetime) -> list[dict[str, Any]]:
    """What deliveries hold by now, in the order of the feed."""
    with database.autocommit() as connection:
        webhooks.fill(connection, now)
        query = "SELECT changes FROM webhook_delivery ORDER BY delivery_id"
        return [each for (changes,) in connection.execute(query).fetchall() for each in changes]


def test_webhooks_hear_who_enters_and_leaves_personas_and_situations(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CDP_DATA", str(tmp_path))
    monkeypatch.setattr("cdp.persona.in_force.SECONDS_KNOWN", 0)
    settings.cache_clear()
    with database.autocommit() as connection:
        webhooks.add(connection, "https://example.com/x", KINDS, "s", NOW)
    personas = Personas(database=database)
    personas.define(StatedPersona.model_validate(BEACH), now=NOW)
    segments = Segments(database=database)
    segments.save("swimmers", in_cell("situation", "Beach"), by="ann", now=NOW)
    world = World(database, tmp_path)
    views = [looked(NOW - timedelta(minutes=n), "ck-eve") for n in (2, 1)]
    world.jsonl(f"web_clickstream/events-{NOW:%Y-%m-%d}.jsonl.gz", views)
    world.ingest("web_clickstream")

    conclude(database, now=NOW)
    eve = str(world.one(cookie_id="ck-eve").profile_id)
    said = told(database, NOW)
    assert sorted((each["kind"], each["profile_id"]) for each in said) == [
        ("persona.entered", eve),
        ("segment.entered", eve),
        ("situation.entered", eve),
    ]
    (entered,) = [each for each in said if each["kind"] == "situation.entered"]
    assert (entered["situation"], entered["changed_at"]) == ("Beach", NOW.isoformat())

    # Half an hour of silence ends the session; another run of the same moment tells nothing twice.
    later = NOW + timedelta(minutes=40)
    conclude(database, now=later)
    conclude(database, now=later)
    left = told(database, later)[len(said) :]
    assert [each["kind"] for each in left] == ["situation.left", "segment.left"]
    assert (left[0]["situation"], left[0]["profile_id"]) == ("Beach", eve)

    # Another persona fits her better than the one she had.
    personas.define(StatedPersona.model_validate(VISITORS), now=later)
    moved = told(database, later)[len(said) + len(left) :]
    assert [(each["kind"], each["persona"], each["profile_id"]) for each in moved] == [
        ("persona.entered", "Visitors", eve),
        ("persona.left", "Everybody", eve),
    ]

    # Who asks hears the same, also after the persona was called otherwise; so do segments that read it.
    other = Personas(database=database)
    assert "Beach" in other.fitted().names.values()  # pyright: ignore[reportOptionalMemberAccess]
    with pytest.raises(InvalidRequest, match="not only spaces"):
        personas.edit("Beach", name="  ")
    personas.edit("Beach", name="Seaside")
    first = personas.changes("Seaside", limit=1)
    assert [each.kind for each in first.data] == ["situation.entered"]
    rest = personas.changes("Seaside", first.next)
    assert [(each.kind, str(each.profile_id)) for each in rest.data] == [("situation.left", eve)]
    assert (first.has_more, rest.has_more) == (True, False)
    assert personas.changes("Seaside", rest.next).data == []
    assert segments.get("swimmers").condition == as_data(in_cell("situation", "Seaside"))
    assert "Seaside" in other.fitted().names.values()  # pyright: ignore[reportOptionalMemberAccess]
    with pytest.raises(InvalidRequest, match="swimmers would lose 'Seaside'"):
        personas.retire("Seaside")
    settings.cache_clear()
