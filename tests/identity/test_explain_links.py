"""Explanations of what the model and the stewards joined or kept apart."""

import json
from contextlib import ExitStack
from datetime import UTC, datetime

import polars as pl
import pytest
from saying import a_row

from cdp.identities import Identities
from cdp.identity.explanation.explain import explain_identity, why_not
from cdp.identity.policy.declaration import identity_policy
from cdp.identity.resolve import resolve
from cdp.store import staging
from cdp.store.identity import graph as identity
from cdp.store.identity import links
from tests.promises.world import World

ALIKE = [
    {"field": "given_name", "level": "nearly equal", "weight": 9.5},
    {"field": "birth_date", "level": "one digit differs", "weight": 5.0},
    {"field": "city", "level": "different", "weight": -2.0},
]
DOUBTFUL = [{"field": "given_name", "level": "exact", "weight": 1.5}]


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    """Fay and Faye scored as one person, Gus and Gus as perhaps one, Hal and Ida told by a steward."""
    with ExitStack() as stack:
        made = World(stack.enter_context(new_database()), tmp_path_factory.mktemp("linked"))
        made.feed([[
            a_row("crm", "1", given="Fay"), a_row("shop", "2", given="Faye", born="1981-02-03"),
            a_row("crm", "3", given="Gus"), a_row("shop", "4", given="Gustav"),
            a_row("crm", "5", given="Hal"), a_row("shop", "6", given="Hal"),
            a_row("crm", "7", given="Ida", card="c-100"), a_row("shop", "8", given="Ida", card="c-100"),
        ]])  # fmt: skip
        with made.database.autocommit() as connection:
            query = "SELECT channel || ':' || record_key, record_uid::text FROM source_record"
            uid = dict(connection.execute(query).fetchall())
        score(made.database, [
            (uid["crm:1"], uid["shop:2"], 12.5, ALIKE),
            (uid["crm:3"], uid["shop:4"], 1.5, DOUBTFUL),
        ])  # fmt: skip
        stewards = Identities(database=made.database)
        stewards.link("crm:5", "shop:6", by="ada", reason="same passport")
        stewards.cannot_link("crm:7", "shop:8", by="bea", reason="two cousins")
        yield made


def score(database, pairs):
    """Writes scored pairs as a linking run does, and lets them take effect."""
    at = datetime.now(UTC)
    rows = [
        (*sorted(pair[:2]), pair[2], 1 / (1 + 2 ** -pair[2]), json.dumps(pair[3]))
        for pair in pairs
    ]  # fmt: skip
    columns = ["record_uid", "other_uid", "weight", "probability", "evidence"]
    scored = pl.DataFrame(rows, schema=columns, orient="row")
    ends = pl.concat([scored["record_uid"], scored["other_uid"]]).unique()
    compared = ends.to_frame("record_uid").with_columns(queued_at=pl.lit(at))
    policy = identity_policy()
    with database.transaction() as tx:
        identity.lock(tx)
        staging.prepare(tx)
        weight = policy.matching.merge_weight
        links.replace(tx, at, "a model", compared, scored, full=False, merge_weight=weight)
        resolve(tx, at, policy)


def test_a_probable_link_is_told_as_a_waterfall_that_adds_up(world):
    (link,) = explain_identity(world.database, "crm:1").tree
    assert (link.kind, link.weight) == ("probable link", 12.5)
    assert [(f.field, f.weight) for f in link.waterfall] == [
        ("given_name", 9.5), ("birth_date", 5.0), ("city", -2.0),
    ]  # fmt: skip
    assert sum(field.weight for field in link.waterfall) == link.weight
    assert "match weight +12.5, a probability of 99.98%" in link.words


def test_a_pair_below_the_threshold_is_told_with_its_waterfall(world):
    told = why_not(world.database, "crm:3", "shop:4")
    (obstacle,) = told.obstacles
    assert (obstacle.kind, obstacle.weight) == ("weight below threshold", 1.5)
    assert obstacle.threshold == identity_policy().matching.merge_weight
    assert [field.field for field in obstacle.waterfall] == ["given_name"]


def test_each_step_of_a_waterfall_shows_what_the_two_say_of_the_field(world):
    (link,) = explain_identity(world.database, "crm:1").tree
    said = {step.field: (step.left, step.right) for step in link.waterfall}
    assert link.left.record_key == "shop:2"
    assert said == {
        "given_name": ("Faye", "Fay"), "birth_date": ("1981-02-03", None), "city": (None, None),
    }  # fmt: skip
    (obstacle,) = why_not(world.database, "shop:4", "crm:3").obstacles
    assert [(step.left, step.right) for step in obstacle.waterfall] == [("Gustav", "Gus")]


def test_a_stewards_link_is_told_with_who_and_why(world):
    (link,) = explain_identity(world.database, "crm:5", "crm:5", "shop:6").path
    assert link.kind == "steward link"
    assert (link.decision.decided_by, link.decision.reason) == ("ada", "same passport")
    assert "linked by ada" in link.words


def test_a_cannot_link_is_told_before_everything_else(world):
    told = why_not(world.database, "crm:7", "shop:8")
    first, *rest = told.obstacles
    assert (first.kind, first.decision.decided_by) == ("cannot-link", "bea")
    assert "two cousins" in first.words
    assert [each.value for each in rest] == ["c100"]
