"""Texts scored as they come, models learnt from the store's own ratings, and both over HTTP."""

import pytest

from cdp.client import Client
from cdp.derive.sentiment.reading import models, read_texts
from cdp.derive.sentiment.store import rescore, train
from tests.sentiment.conftest import Critics, as_rows
from tests.sentiment.phrases import rated_texts
from tests.served import serving


def test_a_lexicon_reads_before_anything_was_learnt(critics: Critics):
    critics.say(
        {"who": "ann", "text": "Terrible, the delivery was awful", "days": 9, "category": "shoes"},
        {"who": "ann", "text": "Wonderful shirt, a great fit", "days": 2, "category": "shirts"},
    )
    critics.conclude()
    ann = critics.of("ann")
    assert ann["opinions"] == 2
    assert ann["sentiment_by_category"]["shoes"] < 0 < ann["sentiment_by_category"]["shirts"]
    assert ann["disliked_aspects"] == ["delivery"]
    assert "fit" in ann["liked_aspects"]
    assert critics.query("SELECT DISTINCT model LIKE 'lexicon-en-%' FROM text_score") == [(True,)]


def test_a_stated_rating_and_what_is_read_stay_two_facts(critics: Critics):
    critics.say(
        {"who": "ann", "text": "I love it, wonderful", "score": -1.0, "days": 3},
        {"who": "bo", "kind": "rating", "score": 0.5, "product": "p1", "days": 3},
        {"who": "bo", "text": "A horrible, terrible thing", "product": "p1", "days": 3},
    )
    critics.conclude()
    ann, bo = critics.of("ann"), critics.of("bo")
    assert ann["sentiment_stated"] == -1.0
    assert ann["sentiment_read"] > 0.5
    assert ann["sentiment"] == pytest.approx((ann["sentiment_stated"] + ann["sentiment_read"]) / 2)
    assert (bo["opinions"], bo["sentiment_stated"]) == (1, 0.5)  # a rating and its text are one
    assert bo["sentiment_read"] < 0


def test_a_language_that_is_not_read_leaves_what_was_stated(critics: Critics):
    critics.say(
        {"who": "eva", "text": "Das Kleid ist leider zu eng und nicht schön", "score": -0.5},
        {"who": "udo", "text": "Das Kleid ist leider zu eng und nicht schön"},
    )
    critics.conclude()
    assert critics.of("eva")["sentiment"] == -0.5
    assert critics.of("udo")["opinions"] == 1
    assert "sentiment" not in critics.of("udo")


def test_the_trend_compares_the_newest_opinions_with_those_before(critics: Critics):
    moods = [1.0, 1.0, -1.0, -0.5, -1.0]
    critics.say(
        *({"who": "ann", "kind": "rating", "score": s, "days": 9 - n} for n, s in enumerate(moods))
    )
    critics.conclude()
    ann = critics.of("ann")
    assert (ann["sentiment_lately"], ann["sentiment_trend"]) == (-0.8333, "falling")


def test_a_corrected_text_is_read_again(critics: Critics):
    critics.say({"who": "ann", "id": "r1", "text": "Wonderful, I love it", "days": 3})
    critics.conclude()
    before = critics.of("ann")["sentiment"]
    critics.say({"who": "ann", "id": "r1", "text": "Terrible, I hate it", "days": 2.9})
    critics.conclude()
    assert before > 0 > critics.of("ann")["sentiment"]
    assert critics.query("SELECT count(*) FROM text_score") == [(1,)]


def test_training_learns_each_language_and_what_channels_speak(trained: Critics):
    assert [model.split("-")[0] for model in trained.result.models] == ["en", "pt"]
    assert trained.result.channels == {"reviews": "en", "loja": "pt"}
    assert [(each.language, each.texts, each.in_force) for each in models(trained.database)] == [
        ("en", 700, True),
        ("pt", 700, True),
    ]


def test_training_again_on_the_same_texts_changes_nothing(trained: Critics):
    assert train(trained.database, measure=False).models == trained.result.models
    assert train(trained.database, measure=False, anew=False).models == []
    assert len(models(trained.database)) == 2


def test_new_texts_are_read_by_the_model_and_short_ones_in_their_channels_language(
    trained: Critics,
):
    trained.say({"who": "rui", "text": "Chegou quebrado.", "title": "Péssimo"}, channel="loja")
    trained.say({"who": "zoe", "text": "ok"}, channel="loja")
    trained.conclude()
    rui = trained.profiles.sentiment("shop_user_id:rui")
    (opinion,) = rui.opinions
    assert opinion.sentiment is not None
    assert (opinion.text, opinion.sentiment.tone) == ("Péssimo. Chegou quebrado.", "negative")
    assert opinion.sentiment.model == trained.result.models[1]
    assert rui.overall["sentiment_tone"] == "negative"
    (short,) = trained.profiles.sentiment("shop_user_id:zoe").opinions
    assert short.sentiment is not None
    assert short.sentiment.language == "pt"


def test_a_back_fill_scores_anew_what_was_scored_before_the_training(critics: Critics):
    critics.say(*as_rows(rated_texts("en", 600)))
    critics.conclude()
    (model,) = train(critics.database, measure=False).models
    assert rescore(critics.database) == 600
    assert critics.query("SELECT DISTINCT model FROM text_score") == [(model,)]
    assert rescore(critics.database) == 0
    assert critics.conclude() == 100


def test_texts_are_read_without_being_kept(trained: Critics):
    (read,) = read_texts(trained.database, ["Much too tight. The seams came undone."])
    assert read.sentiment.tone == "negative"
    assert {"fit", "quality"} <= set(read.sentiment.aspects)


def test_quotations_go_to_keys_that_may_see_the_timeline(trained: Critics, tmp_path_factory):
    trained.say({"who": "mia", "text": "I love it. The fabric is so soft.", "score": 1.0})
    trained.conclude()
    place = "/v1/profiles/shop_user_id:mia/sentiment"
    with serving(trained.database, tmp_path_factory.mktemp("served"), concluding=False) as shop:
        with Client(shop.url, shop.key("read")) as client:
            seen = client.sentiment("shop_user_id:mia")
        assert seen == trained.profiles.sentiment("shop_user_id:mia")
        with shop.http("read", fields=["sentiment", "timeline"]) as http:
            assert http.get(place).json()["opinions"][0]["text"].startswith("I love it")
        with shop.http("read", fields=["sentiment"]) as http:
            answer = http.get(place).json()
            assert answer["opinions"][0]["text"] is None
            assert answer["overall"]["sentiment_tone"] == "positive"
        with shop.http("read", fields=["traits.name"]) as http:
            assert http.get(place).status_code == 403
