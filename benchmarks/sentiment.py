"""Sentiment: how well and how fast texts are read, beside lexicons and the commonest tone.

    python -m benchmarks.sentiment [folder of the shared files, default ../shared/data]

Each set is split by person: 30 % of the people, drawn by a hash of who they are, are held back.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from LeIA import SentimentIntensityAnalyzer as Leia
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer as Vader

from benchmarks.machine import described
from cdp.derive.sentiment.evaluation import evaluated, figures_of, held_back
from cdp.derive.sentiment.learning import Rated, learn
from cdp.derive.sentiment.scoring import LEXICON_NEUTRAL, TONES, Scorer, scored
from cdp.model.sentiment import SentimentFigures

TEXTS = 5_000
LEAST = 2_000  # texts a second on one processor


def clothing(folder: Path) -> Rated:
    """Reviews of women's clothing, each by a person of its own, with one to five stars."""
    rows = pl.read_csv(folder / "reviews/womens_clothing_reviews.csv.gz", infer_schema=False)
    said = rows.filter(pl.col("Review Text").is_not_null())
    return Rated("en", _texts(said, "row_id", ("Title", "Review Text"), _stars("Rating"), "review"))


def olist(folder: Path) -> Rated:
    """Portuguese reviews of orders, one to five stars, by the person behind the order's customer."""

    def rows(name: str) -> pl.DataFrame:
        return pl.read_csv(folder / "olist" / f"{name}.csv.gz", infer_schema=False)

    told = rows("order_reviews").unique("review_id", maintain_order=True)
    orders = rows("orders").select("order_id", "customer_id")
    people = rows("customers").select("customer_id", "customer_unique_id")
    told = told.join(orders, on="order_id", how="left").join(people, on="customer_id", how="left")
    said = told.filter(pl.col("review_comment_message").str.contains(r"\S")).with_columns(
        person=pl.coalesce("customer_unique_id", "order_id")
    )
    words = ("review_comment_title", "review_comment_message")
    return Rated("pt", _texts(said, "person", words, _stars("review_score"), "review"))


def tweets(folder: Path) -> Rated:
    """Tweets to airlines, labelled negative, neutral or positive, by handle."""
    rows = pl.read_csv(folder / "social/airline_tweets_a.csv.gz", infer_schema=False)
    said = rows.unique("tweet_id", maintain_order=True)
    label = pl.col("airline_sentiment").replace_strict(list(TONES), [-1.0, 0.0, 1.0])
    return Rated("en", _texts(said, "name", ("text",), label, "post"))


def _stars(name: str) -> pl.Expr:
    return (pl.col(name).cast(pl.Float64) - 3) / 2


def _texts(
    rows: pl.DataFrame, person: str, words: tuple[str, ...], score: pl.Expr, kind: str
) -> pl.DataFrame:
    text = pl.concat_str(*words, separator=". ", ignore_nulls=True)
    return rows.select(person=person, text=text, score=score, kind=pl.lit(kind))


def peer(rated: Rated, analyser: Vader | Leia, name: str) -> SentimentFigures:
    """What a lexicon's own program makes of the texts held back."""
    test = rated.texts.filter(held_back(rated.texts["person"]))
    polarity = np.array([analyser.polarity_scores(text)["compound"] for text in test["text"]])
    tone = np.where(np.abs(polarity) >= LEXICON_NEUTRAL, np.sign(polarity), 0).astype(np.int64)
    scores = pl.DataFrame(
        {
            "polarity": polarity,
            "tone": [TONES[each + 1] for each in tone],
            "confidence": np.ones(len(tone)),
        }
    )
    return figures_of(rated.language, name, scores, test["score"].to_numpy())


def quality(rated: Rated) -> list[SentimentFigures]:
    """The rows of the table for one set."""
    peers = [peer(rated, Vader(), "VADER")]
    if rated.language == "pt":
        peers.append(peer(rated, Leia(), "LeIA"))
    return [*evaluated(rated), *peers]


def row(name: str, found: SentimentFigures) -> str:
    """One line of the table."""
    rank = "-" if found.rank_correlation is None else f"{found.rank_correlation:.3f}"
    return (
        f"| {name} | {found.by} | {found.texts:,} | {found.accuracy:.3f} | {found.macro_f1:.3f} "
        f"| {rank} |"
    )


def speed(rated: Rated) -> tuple[float, float, float]:
    """Processor seconds of learning, and texts a processor second by the model and by lexicon."""
    model, learning = _timed(lambda: learn(rated))
    asked = rated.texts.select("text", "kind", channel=pl.lit("asked")).head(TEXTS)
    usual = {"asked": rated.language}
    paces = []
    for scorer in (Scorer({rated.language: model}, usual), Scorer({}, usual)):
        scored(scorer, asked.head(10))  # what is loaded once
        paces.append(asked.height / _timed(lambda by=scorer: scored(by, asked))[1])
    return learning, paces[0], paces[1]


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.process_time()  # of all threads: as if there were one processor
    done = work()
    return done, time.process_time() - begun


def main() -> None:
    """Print both tables."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    sets = {"clothing": clothing(folder), "Olist": olist(folder), "tweets": tweets(folder)}
    print(described())
    print("\n| set | read by | texts held back | accuracy | macro F1 | Spearman |")
    print("|---|---|---:|---:|---:|---:|")
    for name, rated in sets.items():
        for found in quality(rated):
            print(row(name, found), flush=True)
    print("\n| set | rated texts | learning (s) | texts/s, model | texts/s, lexicon |")
    print("|---|---:|---:|---:|---:|")
    for name, rated in sets.items():
        learning, by_model, by_lexicon = speed(rated)
        print(
            f"| {name} | {rated.texts.height:,} | {learning:.1f} | {by_model:,.0f} | {by_lexicon:,.0f} |",
            flush=True,
        )
        if by_model < LEAST:
            print(f"below {LEAST:,} texts/s", file=sys.stderr)


if __name__ == "__main__":
    main()
