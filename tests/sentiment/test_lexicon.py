"""Reading by lexicon alone, before anything could be learnt."""

import json

import numpy as np
import polars as pl
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from cdp.derive.sentiment.evaluation import rank_correlation
from cdp.derive.sentiment.scoring import NO_MODEL, Scorer, scored
from tests.sentiment.phrases import PHRASES


def read(*texts: str) -> pl.DataFrame:
    return scored(Scorer(), pl.DataFrame({"text": texts, "kind": "review", "channel": "web"}))


def test_negation_turns_a_word_and_stays_with_it():
    good, bad = read("The fabric is good and soft", "The fabric is not good").iter_rows(named=True)
    assert good["tone"] == "positive"
    assert (bad["tone"], bad["words"]) == ("negative", ["not good"])


def test_intensified_words_weigh_more():
    plain, very = read("The fit is good", "The fit is very good")["polarity"]
    assert very > plain > 0


def test_the_marks_of_html_are_no_words():
    said, kept = read(
        "I don't like the quality\nnever again",
        "<p>I don&#39;t <b>like</b>&nbsp;the quality<br/>never again</p>",
    ).iter_rows(named=True)
    assert said["words"] == ["not like"]
    assert (kept["polarity"], kept["words"], kept["aspects"]) == (
        said["polarity"], said["words"], said["aspects"]
    )  # fmt: skip


def test_what_follows_but_is_another_clause():
    (said,) = read("The colour is wonderful but the delivery was terrible").iter_rows(named=True)
    aspects = json.loads(said["aspects"])
    assert aspects["look"]["polarity"] > 0.3
    assert aspects["delivery"]["polarity"] < -0.3
    assert aspects["delivery"]["words"] == ["terrible"]


def test_a_new_subject_after_and_is_another_clause():
    (said,) = read("The fabric is wonderful and the delivery was terrible").iter_rows(named=True)
    aspects = json.loads(said["aspects"])
    assert aspects["quality"]["words"] == ["wonderful"]
    assert aspects["delivery"]["words"] == ["terrible"]


def test_a_language_without_a_lexicon_is_neutral_without_confidence():
    (said,) = read("Das Kleid ist wunderbar und die Farbe gefällt mir sehr").iter_rows(named=True)
    assert (said["language"], said["model"]) == ("de", NO_MODEL)
    assert (said["polarity"], said["tone"], said["confidence"]) == (0.0, "neutral", 0.0)


def test_english_is_ranked_much_as_vader_ranks_it():
    texts = [phrase for mood in PHRASES["en"].values() for phrase in mood]
    vader = SentimentIntensityAnalyzer()
    peer = np.array([vader.polarity_scores(text)["compound"] for text in texts])
    assert rank_correlation(read(*texts)["polarity"].to_numpy(), peer) > 0.8
