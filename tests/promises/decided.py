"""Random decisions of stewards over the small world, and what they must leave untouched."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from cdp.errors import DecisionContradicted, InvalidRequest, ProfileNotFound
from cdp.identities import Identities
from tests.promises.world import CHANNELS, World

SAID = {"by": "eva", "reason": "she knows them"}

Decision = tuple[Any, ...]

record = st.tuples(st.sampled_from(list(CHANNELS)), st.sampled_from(["1", "2", "3", "4"]))
decisions = st.lists(
    st.one_of(
        st.tuples(st.just("link"), record, record),
        st.tuples(st.just("cannot_link"), record, record),
        st.tuples(st.just("detach"), record),
        st.tuples(st.just("undo"), st.integers(0, 20)),
        st.tuples(st.just("revoke"), st.integers(0, 5)),
    ),
    max_size=5,
)


def decide(world: World, said: Iterable[Decision]) -> None:
    """Decides; what a steward would be told is impossible is passed over."""
    identities = Identities(database=world.database)
    for verb, *about in said:
        try:
            _decide(world, identities, verb, about)
        except (InvalidRequest, DecisionContradicted, ProfileNotFound):
            continue


def _decide(world: World, identities: Identities, verb: str, about: list[Any]) -> None:
    if verb == "undo":
        found = merges(world)
        if found:
            identities.undo(found[about[0] % len(found)], **SAID)
    elif verb == "revoke":
        standing = identities.decisions()
        if standing:
            identities.revoke(standing[about[0] % len(standing)].decision_id, **SAID)
    else:
        getattr(identities, verb)(*about, **SAID)


def merges(world: World) -> list[UUID]:
    """The merges on record, oldest first."""
    with world.database.autocommit() as connection:
        found = connection.execute(
            "SELECT entry_id FROM identity_log WHERE action = 'merge' ORDER BY logged_at, entry_id"
        ).fetchall()
    return [row[0] for row in found]


def standing_merges(world: World, but: Iterable[UUID] = ()) -> list[dict[str, UUID]]:
    """The merges that evidence made, without some, whose two are one profile still.

    What a decision moved is no news: it goes back to where it was.
    """
    now = owners(world)
    with world.database.autocommit() as connection:
        found = connection.execute(
            """SELECT entry_id, profile_id, other_id FROM identity_log
               WHERE entry_id = ANY(%s) AND cause = 'shared identifier'""",
            (list(set(merges(world)) - set(but)),),
        ).fetchall()
    return [
        {"entry_id": entry, "profile_id": profile, "other_id": other}
        for entry, profile, other in found
        if now[profile] == now[other]
    ]


def owners(world: World) -> dict[UUID, UUID]:
    """The profile of each record."""
    with world.database.autocommit() as connection:
        found = connection.execute("SELECT record_uid, profile_id FROM source_record").fetchall()
    return dict(found)


def bodies(world: World) -> dict[UUID, str]:
    """Every profile as it is stored, to the byte."""
    with world.database.autocommit() as connection:
        found = connection.execute("SELECT profile_id, body::text FROM profile").fetchall()
    return dict(found)


def clusters(world: World) -> set[frozenset[tuple[str, str]]]:
    """The records of each profile, by channel and key."""
    return set(world.people())
