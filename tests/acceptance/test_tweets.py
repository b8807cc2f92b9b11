"""Tweets to airlines: real handles, a feeling for each post, and ids that come twice."""

import polars as pl
import pytest

from cdp.errors import InvalidIdentifier
from tests.acceptance.shared import Store

CHANNELS = ("airline_tweets",)
FILE = "social/airline_tweets_a.csv.gz"


def test_7_329_rows_are_3_880_people_with_a_handle(store: Store):
    assert store.channel("airline_tweets").rows_accepted == 7_329
    assert store.status.profiles == store.channel("airline_tweets").records == 3_880


def test_a_tweet_that_comes_twice_is_one_post(store: Store):
    posts = store.figures("airline_tweets", "post")
    assert posts.events == store.raw(FILE)["tweet_id"].n_unique() == 7_250


def test_the_sum_of_feelings_is_that_of_the_labels(store: Store):
    labels = store.raw(FILE).unique("tweet_id", keep="last")["airline_sentiment"]
    told = dict(labels.value_counts().iter_rows())
    posts = store.figures("airline_tweets", "post")
    assert (posts.scores, posts.score) == (7_250, told["positive"] - told["negative"])


def test_a_person_is_found_by_the_handle_however_it_is_written(store: Store):
    for written in ("cairdin", "@Cairdin", "https://twitter.com/cairdin"):
        assert store.one(twitter=written).identity.username == "cairdin"


def test_a_person_carries_the_posts_and_the_mean_feeling(store: Store):
    rows = store.raw(FILE).filter(pl.col("name") == "otisday").unique("tweet_id", keep="last")
    value = pl.col("airline_sentiment").replace_strict(
        {"positive": 1, "neutral": 0, "negative": -1}
    )
    person = store.one(twitter="otisday")
    assert person.sentiment is not None
    assert person.sentiment.scored == rows.height
    assert person.sentiment.mean == pytest.approx(rows.select(value.mean()).item())
    posts = store.profiles.timeline(person.profile_id, kinds=["post"])
    assert {post.properties["text"] for post in posts} == set(rows["text"])


def test_what_is_no_handle_makes_a_record_that_no_handle_finds(store: Store):
    (report,) = store.reports.values()
    assert report.refused_identifiers == 1
    with pytest.raises(InvalidIdentifier):
        store.profiles.find(twitter="Late Flightncy")
