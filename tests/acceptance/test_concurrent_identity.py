"""Channels deliver while stewards decide and the whole is resolved anew: nothing is lost, nobody gives up."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from cdp.errors import DecisionContradicted, DecisionNotFound, InvalidRequest
from cdp.identities import Identities
from cdp.identity.resolve import resolve_everything
from cdp.profile.fold import fold_stale_profiles
from cdp.store.database import Database
from tests.promises.decided import merges, owners
from tests.promises.world import CHANNELS, World

SAID = {"by": "eva", "reason": "she knows them"}
IMPOSSIBLE = (InvalidRequest, DecisionContradicted, DecisionNotFound)
BATCHES, PEOPLE = 4, 4
SILENT = dict.fromkeys(
    ("phone", "card", "given", "born", "city", "likes", "gender", "says", "club")
)


def rows_of(channel: str, batch: int) -> list[dict]:
    """Every person says something in every batch; each e-mail address joins the three channels."""
    return [
        SILENT | {
            "channel": channel, "key": f"{person}-{batch}", "at": f"2024-01-{1 + batch:02d}T10:00:00Z",
            "email": f"person{person}@example.com", "order_no": f"{channel}-{person}-{batch}",
            "spent": "1.00",
        }
        for person in range(PEOPLE)
    ]  # fmt: skip


def deliver(world: World, channel: str) -> None:
    for batch in range(BATCHES):
        world.feed([rows_of(channel, batch)])


def steward(world: World, done: Event) -> int:
    """Parts and joins whom it finds until the deliveries are over; the number of decisions made."""
    identities = Identities(database=world.database)
    made, turn = 0, 0
    while not (done.is_set() and made):
        turn += 1
        try:
            found = merges(world)
            if not found:
                continue
            entry = found[turn * 7 % len(found)]
            undone = identities.undo(entry, **SAID).decision
            if turn % 2:
                identities.revoke(undone.decision_id, **SAID)
            made += 1
        except IMPOSSIBLE:
            continue
    return made


def rerun(world: World, done: Event) -> int:
    runs = 0
    while not (done.is_set() and runs):
        resolve_everything(world.database)
        fold_stale_profiles(world.database)
        runs += 1
    return runs


def test_no_record_is_lost_and_no_one_gives_up_when_all_happens_at_once(
    database: Database, tmp_path: Path
):
    worlds = {channel: World(database, tmp_path / channel) for channel in CHANNELS}
    done = Event()
    with ThreadPoolExecutor(5) as pool:
        others = [pool.submit(work, worlds["crm"], done) for work in (steward, rerun)]
        deliveries = [pool.submit(deliver, world, channel) for channel, world in worlds.items()]
        try:
            for delivery in deliveries:
                delivery.result()
        finally:
            done.set()
        assert all(other.result() for other in others)
    world = worlds["crm"]
    fold_stale_profiles(database)
    records = len(CHANNELS) * BATCHES * PEOPLE
    assert len(owners(world)) == records
    read = [world.profiles.get(uid) for uid in world.ids()]
    assert sum(profile.records for profile in read) == records
    assert sum(figures.events for profile in read for figures in profile.behaviour) == records
    decided_apart(world)
    before = owners(world)
    resolved = resolve_everything(database)
    assert (resolved.merges, resolved.splits) == (0, 0), "what came at once is what comes in turn"
    assert owners(world) == before


def decided_apart(world: World) -> None:
    """Every decision that stands is kept."""
    now = owners(world)
    with world.database.autocommit() as connection:
        apart = connection.execute(
            """SELECT r.record_uid, q.record_uid FROM identity_decision AS d
               JOIN decision_record AS r USING (decision_id)
               JOIN decision_record AS q ON q.decision_id = d.decision_id AND q.side > r.side
               WHERE d.revoked_at IS NULL"""
        ).fetchall()
    assert apart
    assert not [(one, other) for one, other in apart if now[one] == now[other]]
