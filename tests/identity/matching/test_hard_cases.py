"""People who are hard to tell apart: wrong merges are rare in every kind of world."""

from datetime import UTC, datetime

import pytest

from cdp.identity.matching.config import Column, FileConfig
from cdp.identity.matching.evaluation import evaluate_clusters
from cdp.identity.matching.files import resolve_file
from cdp.identity.policy.declaration import identity_policy
from tests.identity.matching.hard_cases import World, census, records

HEAVY = pytest.mark.heavy
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROLES = ("given_name", "family_name", "birth_date", "email", "phone", "street", "city", "postcode")


def config_of(frame, **settings):
    columns = {role: Column(role=role) for role in ROLES if role in frame.columns}
    return FileConfig(record_key="record_key", source="source", columns=columns, **settings)


def measured(frame, **settings):
    """The evaluation of what is found without the column of the truth."""
    told = frame.drop("truth")
    found = resolve_file(told, config_of(told, **settings), identity_policy(), NOW).clusters
    both = found.join(frame.select("record_key", "truth"), on="record_key")
    return evaluate_clusters(both["truth"], both["cluster_id"], both["confidence"]).overall


@pytest.mark.parametrize(
    ("world", "precision", "recall"),
    [
        pytest.param(World(), 0.96, 0.92, id="a bit of everything", marks=HEAVY),
        pytest.param(World(households=250, twins=0.4), 0.95, 0.90, id="very many twins"),
        pytest.param(World(households=250, juniors=0.4), 0.90, 0.90, id="very many juniors"),
        pytest.param(World(recycled=0.4), 0.95, 0.92, id="recycled phones", marks=HEAVY),
        pytest.param(World(foreign=0.9), 0.94, 0.85, id="two scripts", marks=HEAVY),
        pytest.param(World(married=0.5), 0.94, 0.85, id="married names", marks=HEAVY),
    ],
)
def test_wrong_merges_are_rare_in_a_world_with(world, precision, recall):
    found = measured(records(world)).pairwise

    assert found.precision >= precision
    assert found.recall >= recall


def test_a_household_counted_twice_is_linked_person_by_person():
    found = measured(census(300), clean_sources="all").pairwise

    assert found.precision >= 0.99
    assert found.recall >= 0.97
