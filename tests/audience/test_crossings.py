"""Crossings count as sets do, tell lift, overlap and movement, and lead down to the individuals."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.crossings import Crossings
from cdp.errors import InvalidRequest, UnknownTrait
from cdp.model.crossed import NONE
from cdp.model.crossing import Cell, cell, crossing, segment
from tests.audience.filled import LONG_AGO, fill, move, uid

STAGES = ("active", "at risk", "churned")
TIERS = ("top", "middle", "low")
CHUNK = 1 << 16


class Town:
    """A few hundred people spread over three chunks, in cells by chance."""

    def __init__(self) -> None:
        chance = Random(3)  # noqa: S311
        self.people = [n * 701 + 5 for n in range(280)]
        self.stage = {n: chance.choice(STAGES) for n in self.people}
        # A top spender is likelier to be active; some have no tier.
        self.tier = {
            n: "top"
            if self.stage[n] == "active" and chance.random() < 0.6
            else chance.choice(TIERS)
            for n in self.people[40:]
        }
        self.vip = [n for n in self.people if chance.random() < 0.3]
        self.new = [n for n in self.people if chance.random() < 0.2]

    def cells(self) -> dict[tuple[str, str], list[int]]:
        told: dict[tuple[str, str], list[int]] = {}
        for name, by in (("lifecycle", self.stage), ("tier", self.tier)):
            for n, where in by.items():
                told.setdefault((name, where), []).append(n)
        return told | {("segment", "vip"): self.vip, ("segment", "brand new"): self.new}

    def traits(self) -> dict[int, dict]:
        chance = Random(4)  # noqa: S311
        return {
            n: {
                "gender": chance.choice("fm"),
                "income": chance.gauss(60_000 if n in self.vip else 40_000, 9_000),
                "interests": ["running", "chess"] if n in self.vip else ["chess"],
                "customer_since": f"20{20 + n % 3}-03-01",
                "username": f"user{n}",
            }
            | ({"children": 2} if n in self.vip else {})
            for n in self.people
        }


@pytest.fixture(scope="module")
def town() -> Town:
    return Town()


@pytest.fixture(scope="module")
def crossings(new_database, town: Town):
    with new_database() as database:
        fill(database, town.cells(), town.traits())
        yield Crossings(database=database)


leaves = st.sampled_from(
    [*(cell("lifecycle", each) for each in STAGES), cell("tier", "top"), cell("tier", "low", "middle"),
     cell("tier"), segment("vip"), segment("brand new")]
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=8,
)


def naive(town: Town, node) -> set[int]:
    everybody = set(town.people)
    if isinstance(node, Cell):
        cells = town.cells()
        named = [
            c for d, c in cells if d == node.dimension and (node.cells == ("*",) or c in node.cells)
        ]
        return everybody & {n for c in named for n in cells[node.dimension, c]}
    kind = type(node).__name__
    if kind == "Not":
        return everybody - naive(town, node.part)
    parts = [naive(town, part) for part in node.parts]
    return set.intersection(*parts) if kind == "All" else set.union(*parts)


@given(node=trees)
def test_any_crossing_holds_whom_sets_hold(crossings, town, node):
    assert crossing(str(node)) == node
    wanted = naive(town, node)
    told = crossings.count(node)
    assert (told.people, told.base) == (len(wanted), len(town.people))
    held, cursor = [], None
    while True:
        page = crossings.people(node, cursor=cursor, limit=90)
        held += [each.profile_id for each in page.data]
        if (cursor := page.next) is None:
            break
    assert held == [uid(n) for n in sorted(wanted)]


def test_a_crossing_is_written_in_words_and_signs():
    told = crossing('lifecycle = churned and (tier=top,middle or not segment="brand new")')
    assert told == cell("lifecycle", "churned") & (
        cell("tier", "top", "middle") | ~segment("brand new")
    )
    assert str(told) == 'lifecycle=churned & (tier=top,middle | !segment="brand new")'


@pytest.mark.parametrize(
    "wrong", ["", "lifecycle", "lifecycle=", "a=b &", "(a=b", "a=b)", "a=b c=d", 'a="b', "& a=b"]
)
def test_a_crossing_that_is_none_says_how_to_write_one(wrong):
    with pytest.raises(InvalidRequest, match=r"write it like|not closed"):
        crossing(wrong)


def test_names_that_nobody_knows_are_answered_with_the_nearest(crossings):
    for wrong, near in (
        ("lifecycel=churned", "'lifecycle'"),
        ("lifecycle=churnd", "'churned'"),
        ("segment=vipp", "'vip'"),
        ("lifecycel=*", "'lifecycle'"),
    ):
        with pytest.raises(InvalidRequest, match=f"did you mean {near}"):
            crossings.count(wrong)
    with pytest.raises(UnknownTrait, match="'gender'"):
        crossings.people("segment=vip", fields=["gendre"])


def test_individuals_come_with_the_traits_asked_for(crossings, town):
    (first,) = crossings.people("segment=vip", fields=["gender", "income"], limit=1).data
    assert first.profile_id == uid(town.vip[0])
    assert first.fields == {
        name: value
        for name, value in town.traits()[town.vip[0]].items()
        if name in ("gender", "income")
    }


def test_a_matrix_counts_everybody_once_and_tells_lift(crossings, town):
    told = crossings.matrix("lifecycle", "tier")
    met = {(each.row, each.column): each for each in told.cells}
    wanted = Counter((town.stage[n], town.tier.get(n, NONE)) for n in town.people)
    assert {pair: each.people for pair, each in met.items() if each.people} == wanted
    assert sum(each.people for each in told.cells) == told.people == len(town.people)
    active = met["active", "top"]
    expected = told.row_people["active"] * told.column_people["top"] / told.people
    assert active.lift == pytest.approx(active.people / expected)
    assert active.clear
    assert active.residual > 3
    assert met["churned", "top"].residual < 0


def test_the_residuals_of_a_matrix_are_those_of_the_chi_squared_test(crossings):
    from scipy.stats import chi2_contingency  # noqa: PLC0415

    told = crossings.matrix("segment", "lifecycle", within="segment=vip")
    rows = {each.row for each in told.cells} - {"vip"}
    for row in rows:
        here = {each.column: each for each in told.cells if each.row == row}
        for column, each in here.items():
            a, r, c, n = each.people, told.row_people[row], told.column_people[column], told.people
            table = [[a, r - a], [c - a, n - r - c + a]]
            chi2, *_ = chi2_contingency(table, correction=False)
            assert each.residual**2 == pytest.approx(chi2)


def test_a_matrix_marks_what_too_few_people_say(crossings):
    told = crossings.matrix("lifecycle", "tier", within='segment=vip & segment="brand new"')
    small = [each for each in told.cells if each.small]
    assert small
    assert not any(each.clear for each in small)


def test_overlaps_divide_the_union(crossings, town):
    names = {"segment=vip": set(town.vip), 'segment="brand new"': set(town.new),
             "tier=top": {n for n, tier in town.tier.items() if tier == "top"}}  # fmt: skip
    told = crossings.upset(*names)
    assert told.sets == {name: len(people) for name, people in names.items()}
    for size in (1, 2, 3):
        for inside in combinations(names, size):
            exactly = set.intersection(*(names[name] for name in inside))
            exactly -= set().union(*(names[name] for name in names if name not in inside))
            found = [each.people for each in told.overlaps if list(each.sets) == list(inside)]
            assert found == ([len(exactly)] if exactly else [])
    assert told.people == len(set.union(*names.values()))


def test_movement_tells_who_went_where(new_database):
    day = LONG_AGO + timedelta(days=10)
    with new_database() as database:
        fill(
            database,
            {("lifecycle", "active"): [1, 2, 3], ("lifecycle", "churned"): [4, 5],
             ("segment", "vip"): [1, 4], ("segment", "new"): [1]},
            {n: {} for n in range(1, 8)},
        )  # fmt: skip
        move(database, 1, "lifecycle", "at risk", day)
        move(database, 2, "lifecycle", "at risk", day)
        move(database, 4, "lifecycle", None, day)
        move(database, 6, "lifecycle", "new", day)
        move(database, 3, "lifecycle", "at risk", day + timedelta(days=9))
        crossings = Crossings(database=database)
        told = crossings.movement("lifecycle", LONG_AGO, day)
        assert {(each.before, each.after): each.people for each in told.flows} == {
            ("active", "at risk"): 2,
            ("active", "active"): 1,
            ("churned", "churned"): 1,
            ("churned", NONE): 1,
            (NONE, "new"): 1,
        }
        assert told.known_since == LONG_AGO
        page = crossings.moved(
            "lifecycle", LONG_AGO, day, before="active", after="at risk", limit=1
        )
        rest = crossings.moved(
            "lifecycle", LONG_AGO, day, before="active", after="at risk", cursor=page.next
        )
        assert [each.profile_id for each in (*page.data, *rest.data)] == [uid(1), uid(2)]
        several = crossings.movement("segment", LONG_AGO, day, cells=["vip", "new"])
        assert {each.before: each.people for each in several.flows} == {"new + vip": 1, "vip": 1}
        with pytest.raises(InvalidRequest, match="is not before"):
            crossings.movement("lifecycle", day, LONG_AGO)


def test_what_tells_groups_apart_is_ranked_by_effect(crossings, town):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    told = crossings.distinguish("segment=vip", now=now)
    by = {(each.trait, each.kind): each for each in told.differences}
    assert (told.people_a, told.sampled_a) == (len(town.vip), len(town.vip))
    assert told.people_a + told.people_b == len(town.people)
    strongest = {(each.trait, each.kind) for each in told.differences[:3]}
    assert strongest == {("interests", "category"), ("children", "known"), ("income", "number")}
    running = by["interests", "category"]
    assert (running.value, running.a, running.b, running.effect) == ("running", 1.0, 0.0, 1.0)
    assert by["children", "known"].effect == 1.0
    for weak in (by["gender", "category"], by["customer_since", "number"]):
        assert abs(weak.effect) < 0.2
    # A name is no category.
    assert ("username", "category") not in by
    alone = crossings.distinguish("segment=vip", "segment=vip & !segment=vip")
    assert (alone.people_b, alone.differences) == (0, [])


def test_effect_sizes_are_those_of_their_textbooks(crossings, town):
    from numpy import var  # noqa: PLC0415
    from scipy.stats import mannwhitneyu  # noqa: PLC0415

    traits = town.traits()
    a = [traits[n]["income"] for n in town.vip]
    b = [traits[n]["income"] for n in town.people if n not in town.vip]
    (told,) = [e for e in crossings.distinguish("segment=vip").differences if e.trait == "income"]
    u = mannwhitneyu(a, b).statistic
    assert told.effect == pytest.approx(2 * u / (len(a) * len(b)) - 1)
    spread = ((len(a) - 1) * var(a, ddof=1) + (len(b) - 1) * var(b, ddof=1)) / (len(a) + len(b) - 2)
    assert told.cohens_d == pytest.approx((told.a - told.b) / spread**0.5)
    assert told.interval.low < told.effect < told.interval.high
    assert told.interval.clear


def test_larger_groups_are_compared_by_a_sample_that_stays(crossings):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    told = crossings.distinguish("segment=vip", "tier=top", sample=20, now=now)
    assert (told.sampled_a, told.sampled_b) == (20, 20)
    assert told == crossings.distinguish("segment=vip", "tier=top", sample=20, now=now)


def test_matrix_overlaps_and_movement_are_drawn(crossings, tmp_path):
    told = (
        crossings.matrix("lifecycle", "tier"),
        crossings.upset("segment=vip", "tier=top", "lifecycle=churned"),
        crossings.movement("lifecycle", LONG_AGO),
    )
    for n, each in enumerate(told):
        each.plot().savefig(tmp_path / f"{n}.png")
        assert (tmp_path / f"{n}.png").stat().st_size > 10_000
    nobody = crossings.matrix("lifecycle", "tier", within="segment=vip & !segment=vip")
    nobody.plot().savefig(tmp_path / "nobody.png")
