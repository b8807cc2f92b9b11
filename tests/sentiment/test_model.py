"""Models learnt from rated texts."""

import json

import polars as pl
import pytest

from cdp.derive.sentiment.evaluation import evaluated, held_back
from cdp.derive.sentiment.features import FEWEST_PEOPLE
from cdp.derive.sentiment.learning import Rated, learn
from cdp.derive.sentiment.model import Model
from cdp.derive.sentiment.scoring import Scorer, scored
from tests.sentiment.phrases import rated_texts


@pytest.fixture(scope="module")
def model() -> Model:
    return learn(Rated("en", rated_texts("en", 600)))


def read(model: Model, *texts: str, kind: str = "review") -> list[dict]:
    scorer = Scorer({model.language: model}, {"web": model.language})
    asked = pl.DataFrame({"text": texts, "kind": kind, "channel": "web"})
    return scored(scorer, asked).to_dicts()


def test_a_model_learns_what_no_lexicon_says(model: Model):
    bad, good = read(model, "The zip broke at once.", "It fits perfectly. Exactly what I wanted.")
    assert (bad["tone"], good["tone"]) == ("negative", "positive")
    assert bad["confidence"] > 0.6
    assert "zip" in " ".join(bad["words"])


def test_equal_texts_give_an_equal_model_whatever_other_texts_cross_its_way(model: Model):
    assert learn(Rated("en", rated_texts("en", 600))).model == model.model
    assert learn(Rated("en", rated_texts("en", 580))).model != model.model


def test_a_model_comes_back_from_its_document(model: Model):
    again = Model.of(model.document)
    texts = ("I love it. Much too tight.", "Nothing special.", "")
    assert again.model == model.model
    assert read(again, *texts) == read(model, *texts)


def test_a_score_does_not_depend_on_the_texts_scored_beside_it(model: Model):
    texts = rated_texts("en", 60)["text"].to_list()
    assert read(model, *texts)[17] == read(model, texts[17])[0]


def test_words_of_few_people_are_in_no_model():
    said = rated_texts("en", 600)
    secret = pl.lit(" My doctor Quixley Vandermoor said so.")
    few = pl.col("person").is_in([f"p{n}" for n in range(FEWEST_PEOPLE - 1)])
    learnt = learn(
        Rated("en", said.with_columns(pl.when(few).then(pl.col("text") + secret).otherwise("text")))
    )
    assert not {"quixley", "vandermoor", "doctor"} & set(learnt.vocabulary.words)
    assert b"quixley" not in learnt.document


def test_aspects_are_judged_by_their_own_clauses(model: Model):
    (said,) = read(model, "The delivery was fast. The seams came undone.")
    aspects = json.loads(said["aspects"])
    assert aspects["delivery"]["polarity"] > 0
    assert aspects["quality"]["polarity"] < 0
    assert all("seams" not in word for word in aspects["delivery"]["words"])


def test_what_many_people_write_of_and_rate_apart_becomes_an_aspect():
    said = rated_texts("en", 600).with_columns(
        text=pl.when(pl.col("score") < 0)
        .then(pl.col("text") + " The lining scratches.")
        .otherwise("text")
    )
    assert "lining" in learn(Rated("en", said)).aspects


def test_all_texts_of_a_person_are_on_one_side():
    said = rated_texts("en", 600)
    sides = said.with_columns(back=held_back(said["person"])).group_by("person").agg("back")
    assert sides["back"].list.n_unique().max() == 1
    assert 0.15 < held_back(said["person"]).mean() < 0.45


@pytest.mark.parametrize("language", ["en", "pt"])
def test_a_model_beats_the_lexicon_and_the_commonest_tone(language: str):
    figures = {each.by: each for each in evaluated(Rated(language, rated_texts(language, 900)))}
    model, lexicon, majority = (figures[by] for by in ("model", "lexicon", "majority"))
    assert model.accuracy > max(lexicon.accuracy, majority.accuracy) + 0.05
    assert model.macro_f1 > max(lexicon.macro_f1, majority.macro_f1) + 0.05


def test_too_few_ratings_are_not_learnt_from():
    assert not Rated("en", rated_texts("en", 400)).enough
    assert not Rated("en", rated_texts("en", 900, people=5)).enough
    assert not Rated("en", rated_texts("en", 600).with_columns(score=pl.lit(1.0))).enough
