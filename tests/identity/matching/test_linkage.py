"""From pairs to people: the whole group has a say."""

import math
from itertools import combinations, product
from random import Random

import polars as pl
import pytest

from cdp.identity.matching.linkage import groups

RECORD = {"given": pl.String, "birth": pl.String, "clean": pl.String}
PAIR = {"left": pl.String, "right": pl.String, "weight": pl.Float64}


def grouped(records, pairs, merge=0.8):
    """The groups as sorted texts: records are name -> (given, birth, clean source)."""
    known = pl.DataFrame(
        [(name, *facts) for name, facts in records.items()],
        schema={"record_uid": pl.String, **RECORD},
        orient="row",
    )
    found = groups(known, pl.DataFrame(pairs, schema=PAIR, orient="row"), merge)
    together = found.group_by("group").agg(pl.col("record_uid").sort())
    return sorted("".join(each) for each in together["record_uid"])


def plain(names):
    return dict.fromkeys(names, (None, None, None))


def test_a_pair_at_the_threshold_unites_and_one_below_it_does_not():
    assert grouped(plain("abcd"), [("a", "b", 2.1), ("c", "d", 1.9)]) == ["ab", "c", "d"]


@pytest.mark.parametrize("weight", [n / 7 for n in range(3, 40)])
def test_a_pair_unites_where_its_own_probability_is_the_threshold(weight):
    merge = 1 / (1 + math.exp(-weight * math.log(2)))

    assert grouped(plain("ab"), [("a", "b", weight)], merge) == ["ab"]


def test_one_strong_pair_does_not_unite_groups_whose_other_pairs_speak_against_it():
    within = [(a, b, 9.0) for a, b in ("ab", "ac", "bc", "xy", "xz", "yz")]

    assert grouped(plain("abcxyz"), [*within, ("c", "x", 3.0)]) == ["abc", "xyz"]
    assert grouped(plain("abcxyz"), [*within, ("c", "x", 3.0), ("a", "y", 5.0)]) == ["abcxyz"]


def test_a_record_without_a_given_name_is_no_bridge_between_two_names():
    twins = {"a": ("anna", None, None), "b": (None, None, None), "c": ("lena", None, None)}

    assert grouped(twins, [("a", "b", 7.0), ("b", "c", 6.0), ("a", "c", 0.5)]) == ["ab", "c"]


def test_a_record_without_a_birth_date_is_no_bridge_between_father_and_son():
    both = {
        "a": ("john", "19500102", None),
        "b": ("john", None, None),
        "c": ("john", "19811130", None),
    }

    assert grouped(both, [("a", "b", 7.0), ("b", "c", 6.0), ("a", "c", -1.0)]) == ["ab", "c"]


def test_spellings_that_are_alike_through_a_third_may_stand_in_one_group():
    maggie = {
        "a": ("margret", None, None),
        "b": ("margaret", None, None),
        "c": ("maggie", None, None),
    }

    assert grouped(maggie, [("a", "b", 7.0), ("b", "c", 6.0), ("a", "c", 1.0)]) == ["abc"]


def test_a_source_that_keeps_nobody_twice_appears_once_in_a_group():
    counted = {
        "a": (None, None, "first"),
        "b": (None, None, "second"),
        "c": (None, None, "first"),
    }

    assert grouped(counted, [("a", "b", 4.0), ("b", "c", 5.0), ("a", "c", 9.0)]) == ["a", "bc"]


def test_the_confidence_is_that_of_the_strongest_pair_and_1_for_a_record_alone():
    known = pl.DataFrame(
        {"record_uid": ["a", "b", "c"], "given": [None] * 3, "birth": [None] * 3},
        schema_overrides={"given": pl.String, "birth": pl.String},
    )
    pairs = pl.DataFrame([("a", "b", 3.0)], schema=PAIR, orient="row")

    found = groups(known, pairs, 0.8).sort("record_uid")

    assert found["group"].to_list() == ["a", "a", "c"]
    assert [round(each, 4) for each in found["confidence"]] == [0.8889, 0.8889, 1.0]


@pytest.mark.parametrize("seed", range(60))
def test_groups_are_those_of_uniting_pair_by_pair_from_strong_to_weak(seed):
    chance = Random(seed)  # noqa: S311  not a secret
    facts = (("anna", "anna", "lena", None), ("19500102", "19500102", "19811130", None))
    records = {
        name: (*map(chance.choice, facts), chance.choice(["crm", "club", None, None, None]))
        for name in "abcdefg"
    }
    strong = chance.choice([3.0, 9.0])
    pairs = [
        (a, b, chance.uniform(-5, strong))
        for a, b in combinations(records, 2)
        if chance.random() < 0.8
    ]

    assert grouped(records, pairs) == united_one_by_one(records, pairs, math.log2(0.8 / 0.2))


def united_one_by_one(records, pairs, threshold):
    groups = {name: name for name in records}
    weights = {(a, b): weight for a, b, weight in pairs}

    def refused(one, other):
        between = [tuple(sorted(both)) for both in product(one, other)]
        clean = [{records[name][2] for name in group} - {None} for group in (one, other)]
        average = sum(weights.get(both, -4.0) for both in between) / len(between)
        return bool(clean[0] & clean[1]) or average < -3 or bridged(one, other, between)

    def bridged(one, other, between):
        for fact in (0, 1):
            said = [{records[name][fact] for name in group} - {None} for group in (one, other)]
            linked = any(
                weights.get(both, -4.0) >= threshold
                and None not in (records[both[0]][fact], records[both[1]][fact])
                for both in between
            )
            if len(between) > 1 and all(said) and not said[0] & said[1] and not linked:
                return True
        return False

    for a, b, weight in sorted(pairs, key=lambda pair: (-pair[2], pair[:2])):
        one, other = groups[a], groups[b]
        if weight >= threshold and one != other and not refused(one, other):
            groups |= dict.fromkeys(one + other, one + other)
    return sorted({"".join(sorted(group)) for group in groups.values()})
