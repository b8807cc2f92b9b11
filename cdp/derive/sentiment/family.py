"""Sentiment of a person: overall, lately, by category and by aspect, with the words for it."""

from datetime import datetime

import polars as pl

from cdp.derive.declare import declared
from cdp.derive.facts import Facts, instant
from cdp.derive.parameters import Parameters
from cdp.derive.sentiment.store import score_texts_of
from cdp.store.derive import texts

FAMILY = "sentiment"
LATELY = 3  # opinions
MOVED = 0.25  # between lately and before
PLAIN = 0.25  # beyond it a mean is positive or negative
MOST_WORDS = 10
INPUTS = ("events with a stated score", "texts")
TRAITS = declared(
    FAMILY,
    INPUTS,
    ("sentiment", "number", "-1..1", "how the person feels about us and our goods, all in all",
     "mean over the person's opinions: what was stated, what was read out of the text, or the mean of both"),
    ("sentiment_tone", "category", None, "positive, mixed or negative",
     f"positive from {PLAIN}, negative from -{PLAIN} of sentiment, else mixed"),
    ("sentiment_stated", "number", "-1..1", "the mean of the ratings that were stated",
     "mean of the scores of events"),
    ("sentiment_read", "number", "-1..1", "the mean of what was read out of texts",
     "mean polarity of texts in a language that is read"),
    ("sentiment_lately", "number", "-1..1", "how the person feels of late",
     f"sentiment of the newest {LATELY} opinions"),
    ("sentiment_trend", "category", None, "rising, steady or falling",
     f"sentiment_lately less the mean of opinions before: from {MOVED} rising, to -{MOVED} falling"),
    ("opinions", "integer", "opinions", "how often the person rated or wrote",
     "number of events with a score or a text; a rating and its text are one"),
    ("last_opinion_at", "instant", "UTC", "when the person last rated or wrote", "max(at of opinions)"),
    ("days_since_opinion", "age", "days", "days since then", "now - last_opinion_at",
     "last_opinion_at"),
    ("sentiment_by_category", "object", "-1..1", "how the person feels about each category",
     "sentiment of the opinions of each category"),
    ("sentiment_by_aspect", "object", "-1..1",
     "how the person feels about price, quality, fit, delivery, service, look, comfort and others",
     "mean polarity of the aspect over the texts that mention it"),
    ("liked_aspects", "list", None, "aspects the person speaks well of",
     f"aspects of sentiment_by_aspect from {PLAIN}"),
    ("disliked_aspects", "list", None, "aspects the person complains of",
     f"aspects of sentiment_by_aspect up to -{PLAIN}"),
    ("sentiment_words", "list", None, "the words that drove it, newest first",
     f"the words that drove the polarity of texts, at most {MOST_WORDS}"),
)  # fmt: skip


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """N and the traits above, after texts that were not scored yet have been."""
    del parameters, now
    if facts.tx is None:
        return facts.profiles.select("n").clear()
    score_texts_of(facts.tx)
    events = texts.opinions(facts.tx)
    if events.is_empty():
        return facts.profiles.select("n").clear()
    opinions, aspects = opinions_of(events), texts.aspects(facts.tx)
    feeling = pl.col("feeling")
    whole = opinions.group_by("n", maintain_order=True).agg(
        sentiment=feeling.mean().round(4),
        sentiment_stated=pl.col("stated").mean().round(4),
        sentiment_read=pl.col("read").mean().round(4),
        sentiment_lately=feeling.drop_nulls().head(LATELY).mean().round(4),
        before=feeling.drop_nulls().slice(LATELY).mean(),
        opinions=pl.len().cast(pl.Int64),
        last_opinion_at=pl.col("at").max(),
        sentiment_words=pl.col("words")
        .explode()
        .drop_nulls()
        .unique(maintain_order=True)
        .head(MOST_WORDS),
    )
    found = whole.with_columns(
        sentiment_tone=_tone("sentiment"),
        sentiment_trend=_trend(pl.col("sentiment_lately") - pl.col("before")),
        sentiment_words=_filled("sentiment_words"),
    ).drop("before")
    return found.join(_by_category(opinions), on="n", how="left").join(
        _by_aspect(aspects), on="n", how="left"
    )


def opinions_of(events: pl.DataFrame) -> pl.DataFrame:
    """One row an opinion, newest first: n, at, category, stated, read, feeling, words.

    A rating and a text of one record, time, order and product are one opinion. What was stated and
    what was read stay two facts; `feeling` is their mean.
    """
    sure = pl.col("confidence") > 0
    together = events.group_by("n", "record_uid", "at", "order_id", "product").agg(
        pl.col("category").drop_nulls().sort().first(),
        stated=pl.col("score").mean(),
        read=pl.col("polarity").filter(sure).mean(),
        words=pl.col("words").drop_nulls().sort().first().str.json_decode(pl.List(pl.String)),
    )
    return together.with_columns(instant("at"), feeling=pl.mean_horizontal("stated", "read")).sort(
        "n",
        "at",
        "record_uid",
        "order_id",
        "product",
        descending=[False, True, False, False, False],
    )


def _tone(name: str) -> pl.Expr:
    mean = pl.col(name)
    return (
        pl.when(mean >= PLAIN)
        .then(pl.lit("positive"))
        .when(mean <= -PLAIN)
        .then(pl.lit("negative"))
        .when(mean.is_not_null())
        .then(pl.lit("mixed"))
    )


def _trend(moved: pl.Expr) -> pl.Expr:
    return (
        pl.when(moved >= MOVED)
        .then(pl.lit("rising"))
        .when(moved <= -MOVED)
        .then(pl.lit("falling"))
        .when(moved.is_not_null())
        .then(pl.lit("steady"))
    )


def _by_category(opinions: pl.DataFrame) -> pl.DataFrame:
    each = (
        opinions.drop_nulls(["category", "feeling"])
        .group_by("n", "category")
        .agg(pl.col("feeling").mean().round(4))
    )
    return _objects(each, "category", "feeling", "sentiment_by_category")


def _by_aspect(each: pl.DataFrame) -> pl.DataFrame:
    """n, sentiment_by_aspect (JSON), liked_aspects, disliked_aspects of n, aspect, polarity."""
    lists = (
        each.sort("n", "aspect")
        .group_by("n", maintain_order=True)
        .agg(
            liked_aspects=pl.col("aspect").filter(pl.col("polarity") >= PLAIN),
            disliked_aspects=pl.col("aspect").filter(pl.col("polarity") <= -PLAIN),
        )
        .with_columns(_filled("liked_aspects"), _filled("disliked_aspects"))
    )
    whole = _objects(each, "aspect", "polarity", "sentiment_by_aspect")
    return whole.join(lists, on="n", how="left")


def _filled(name: str) -> pl.Expr:
    """The list, or nothing where it is empty: an absent trait is unknown."""
    return pl.when(pl.col(name).list.len() > 0).then(pl.col(name)).alias(name)


def _objects(each: pl.DataFrame, key: str, value: str, name: str) -> pl.DataFrame:
    """N and a JSON object {key: value} a profile, under the name that marks JSON text."""
    quoted = pl.struct(key).struct.json_encode().str.slice(len(key) + 4).str.strip_suffix("}")
    said = each.sort("n", key).with_columns(
        part=quoted + pl.lit(":") + pl.col(value).cast(pl.String)
    )
    return said.group_by("n", maintain_order=True).agg(
        (pl.lit("{") + pl.col("part").str.join(",") + pl.lit("}")).alias(f"json:{name}")
    )
