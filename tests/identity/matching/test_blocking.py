"""Candidate pairs: by shared keys, each once, bounded by counting."""

from itertools import combinations

import polars as pl

from cdp.identity.matching import features
from cdp.identity.matching.blocking import Blocking, Rule, candidate_pairs, shipped_blocking
from cdp.identity.matching.scoring import numbered
from tests.identity.matching.hard_cases import World, records


def nodes_of(world):
    known = records(world)
    return numbered(features(known.rename({"record_key": "record_uid"}).drop("truth")))


def test_a_rule_brings_up_all_pairs_that_share_every_part_and_no_others():
    nodes = nodes_of(World(households=60))
    rule = Blocking(most=100, rules=(Rule(by=("family", "postcode")),))
    keys = dict(zip(nodes["node"], nodes.select("family", "postcode").rows(), strict=True))

    naive = {(a, b) for a, b in combinations(keys, 2) if None not in keys[a] and keys[a] == keys[b]}

    assert set(candidate_pairs(nodes, rule).rows()) == naive


def test_a_key_on_too_many_records_is_narrowed_and_at_last_passed_over():
    crowd = pl.DataFrame(
        {
            "record_uid": range(8),
            "family_name": ["smith"] * 8,
            "city": ["york"] * 3 + ["bath"] * 5,
        }
    )
    narrowed = Blocking(most=4, rules=(Rule(by=("family",), then=("city",)),))

    found = candidate_pairs(numbered(features(crowd)), narrowed)

    assert found.rows() == [(0, 1), (0, 2), (1, 2)]


def test_pairs_of_new_records_are_those_pairs_of_all_that_hold_a_new_one():
    nodes = nodes_of(World(households=150))
    new = nodes["node"].sample(40, seed=5)
    holds_new = pl.col("left").is_in(new.implode()) | pl.col("right").is_in(new.implode())

    everything = candidate_pairs(nodes, shipped_blocking())

    assert candidate_pairs(nodes, shipped_blocking(), new).equals(everything.filter(holds_new))


def test_one_value_on_everybody_costs_no_square_of_pairs():
    crowd = pl.DataFrame(
        {"record_uid": range(20_000), "email": ["all@x.org"] * 20_000, "city": ["york"] * 20_000}
    )

    assert candidate_pairs(numbered(features(crowd)), shipped_blocking()).is_empty()
