"""A model learnt without labels: what it knows, what it scores, and that order never matters."""

import textwrap
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from splink import DuckDBAPI, Linker, SettingsCreator

from cdp.errors import InvalidRequest, NothingToLearn
from cdp.identity.matching import Model, Options, explain_pair, features, score, train
from cdp.identity.matching.blocking import candidate_pairs
from cdp.identity.matching.comparisons import TWINS
from cdp.identity.matching.frequencies import with_own_domains
from cdp.identity.matching.linkage import groups
from cdp.identity.matching.scoring import comparable, numbered, score_pairs
from tests.identity.matching.hard_cases import World, records

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DOCS = Path(__file__).parents[3] / "docs/identity.md"
QUICK = Options(random_pairs=60_000)


@pytest.fixture(scope="module")
def told():
    return records(World(households=250)).rename({"record_key": "record_uid"})


@pytest.fixture(scope="module")
def known(told):
    return features(told.drop("truth"))


@pytest.fixture(scope="module")
def model(known):
    return train(known, NOW, QUICK)


@pytest.fixture(scope="module")
def pairs(model, known):
    return score(model, known, least=0.01)


def test_the_share_of_pairs_of_one_person_is_learnt_from_the_records(model, told):
    count = told.height
    true = told.group_by("truth").len().select((pl.col("len") * (pl.col("len") - 1) / 2).sum())

    assert model.prior * count * (count - 1) / 2 == pytest.approx(true.item(), rel=0.2)


def test_how_often_fields_agree_for_one_person_is_learnt_from_the_records(model):
    given = {level.label: level for level in model.comparisons[0].levels}

    # Nicknames, slips and another script leave the name equal in somewhat more than half the pairs.
    assert 0.45 < given["equal"].m < 0.75
    assert given["different"].m < 0.15
    assert given["different"].u > 0.9


def test_how_many_twins_there_are_is_learnt_and_never_taken_for_few(model):
    many = records(World(households=150, twins=0.6)).rename({"record_key": "record_uid"})

    assert twins(train(features(many.drop("truth")), NOW, QUICK)) > 1.5 * twins(model)
    assert twins(model) >= TWINS


def twins(model):
    """The share of housemates that the model takes for twins."""
    return next(each.alike for each in model.comparisons if each.name == "birth_date")


def test_the_domain_of_many_addresses_is_nobodys_own(model, known):
    scored = with_own_domains(known, model.providers)

    assert known["domain"].drop_nulls().is_in(["gmail.com", "yahoo.com"]).any()
    assert not scored["domain"].drop_nulls().is_in(["gmail.com", "yahoo.com"]).any()
    assert not any("gmail" in provider for provider in model.providers)


def test_a_model_is_the_same_after_it_was_written_and_read(model, pairs, known):
    again = Model.from_json(model.to_json())

    assert again == model
    assert again.version == model.version
    assert score(again, known, least=0.01).equals(pairs)


def test_a_model_holds_no_name_and_no_address_of_anybody(model, told):
    text = model.to_json()

    for column in ("family_name", "email", "phone", "street"):
        assert not [value for value in told[column].drop_nulls() if f'"{value}"' in text]


def test_the_evidence_sums_up_to_the_weight(pairs):
    summed = pairs.select(
        pl.col("evidence").list.eval(pl.element().struct.field("weight")).list.sum()
    ).to_series()

    assert (summed - pairs["weight"]).abs().max() == pytest.approx(0, abs=1e-9)


def test_the_worked_example_of_the_documentation_is_what_the_code_says(model):
    said = {"family_name": "Torwell", "phone": "+12125550142", "birth_date": "1980-02-01"}
    two = [said | {"record_uid": given, "given_name": given} for given in ("Margaret", "Peggy")]

    words = explain_pair(model, features(pl.DataFrame(two))).words()
    shown = [float(line.split()[0]) for line in words.splitlines()]

    assert textwrap.indent(words, "    ") in DOCS.read_text(encoding="utf-8")
    assert sum(shown[:-1]) == pytest.approx(shown[-1], abs=0.01)


def test_two_records_are_explained_as_they_were_scored(model, known, pairs):
    pair = pairs.row(0, named=True)
    two = known.filter(pl.col("record_uid").is_in([pair["left"], pair["right"]]))

    explained = explain_pair(model, two)

    assert explained.weight == pytest.approx(pair["weight"])
    assert [step.model_dump() for step in explained.steps] == pair["evidence"]
    assert "prior" in explained.words()


def test_a_pair_weighs_what_splink_makes_of_the_models_settings(model, known):
    nodes = numbered(known)
    here = comparable(model, nodes)
    candidates = candidate_pairs(nodes, model.options.blocking).head(3_000)

    ours = score_pairs(model, nodes, candidates)

    connection = DuckDBAPI()
    linker = Linker(
        connection.register(here.to_arrow()), SettingsCreator(**model.settings()), log_level=None
    )
    linker.table_management.register_blocked_pairs_for_predict(
        connection.register(
            candidates.select(
                match_key=pl.lit("0"), join_key_l="left", join_key_r="right"
            ).to_arrow()
        )
    )
    said = linker.inference.predict(warning_mode="never").as_duckdbpyrelation()
    theirs = pl.DataFrame(said.select("node_l", "node_r", "match_weight").to_arrow_table())
    both = ours.join(theirs, left_on=["left", "right"], right_on=["node_l", "node_r"])
    assert both.height == candidates.height
    difference = pl.col("weight") - pl.col("household") - pl.col("match_weight")
    assert both.select(difference.abs().max()).item() < 1e-9


def test_the_order_of_the_rows_changes_nothing(known, model, pairs):
    shuffled = known.sample(fraction=1.0, shuffle=True, seed=9)

    again = train(shuffled, NOW, QUICK)
    same = score(again, shuffled, least=0.01)

    assert again.version == model.version
    assert same.equals(pairs)
    assert groups(shuffled, same, 0.8).equals(groups(known, pairs, 0.8))


def test_new_records_find_the_pairs_that_a_full_run_finds(model, known, pairs):
    new = known["record_uid"].sample(50, seed=4)
    holds_new = pl.col("left").is_in(new.implode()) | pl.col("right").is_in(new.implode())

    found = score(model, known, new=new, least=0.01)

    assert found.equals(pairs.filter(holds_new))
    assert found.height > 0


def test_where_nothing_is_new_nothing_is_scored(model, known):
    assert score(model, known, new=[]).is_empty()


def test_a_rare_name_proves_more_than_a_frequent_one(pairs):
    evidence = pairs.explode("evidence").unnest("evidence", separator=".")
    equal = evidence.filter(
        (pl.col("evidence.field") == "family_name") & (pl.col("evidence.level") == "equal")
    )

    assert equal["evidence.weight"].max() - equal["evidence.weight"].min() > 1


def test_one_record_teaches_nothing():
    lonely = features(pl.DataFrame({"record_uid": [1], "given_name": ["ann"]}))

    with pytest.raises(InvalidRequest, match="1 records"):
        train(lonely, NOW)


def test_records_that_share_nothing_teach_nothing():
    strangers = features(
        pl.DataFrame(
            {"record_uid": [1, 2], "given_name": ["ann", "bob"], "family_name": ["ray", "lee"]}
        )
    )

    with pytest.raises(NothingToLearn, match="2 records"):
        train(strangers, NOW)
