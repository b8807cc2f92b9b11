"""Aspects: what of a thing or a deal a clause is about, and how it judges that."""

import numpy as np
import polars as pl

from cdp.derive.sentiment.clauses import Clauses
from cdp.derive.sentiment.drivers import Pulls, drivers
from cdp.derive.sentiment.languages import aspect_of, aspect_words
from cdp.derive.sentiment.tokens import Real, Tokens


def aspects_of(
    tokens: Tokens,
    clauses: Clauses,
    polarity: Real,
    pulls: Pulls,
    known: tuple[str | None, tuple[str, ...]],
) -> pl.Series:
    """A JSON object {aspect: {polarity, words}} a text.

    `polarity` and `pulls`: of the clauses; `known`: the language, and the discovered aspects, each named by its word. An
    aspect's polarity is the mean of the clauses that mention it.
    """
    language, found = known
    named = aspect_words(language)
    own = frozenset(found)
    meant = [word if word in own else aspect_of(word, named) for word in tokens.words]
    names = sorted({aspect for aspect in meant if aspect})
    place = {name: number for number, name in enumerate(names)}
    about = np.array([place[name] if name else -1 for name in meant], np.int64)[tokens.word]
    told = np.flatnonzero(about >= 0)
    many = max(len(names), 1)
    mention = np.unique(clauses.clause[told] * many + about[told])
    clause, aspect = mention // many, mention % many
    key, unit = np.unique(clauses.text[clause] * many + aspect, return_inverse=True)
    judged = np.bincount(unit, polarity[clause], len(key)) / np.maximum(np.bincount(unit), 1)
    words = drivers(_of_mentions(pulls, clause, unit, clauses.count), judged)
    return _documents(
        pl.DataFrame(
            {
                "text": key // many,
                "aspect": pl.Series(names, dtype=pl.String).gather(key % many),
                "polarity": judged,
                "words": words,
            }
        ),
        tokens.texts,
    )


def _of_mentions(pulls: Pulls, clause: np.ndarray, unit: np.ndarray, clauses: int) -> Pulls:
    """What pulls in the clauses of each mention, as pulls of what is mentioned."""
    order = np.argsort(pulls.unit, kind="stable")
    ends = np.cumsum(np.bincount(pulls.unit, minlength=clauses))
    begins = np.r_[0, ends[:-1]]
    sizes = (ends - begins)[clause]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = order[np.repeat(begins[clause], sizes) + within]
    return Pulls(np.repeat(unit, sizes), pulls.term[rows], pulls.pull[rows], pulls.terms)


def _documents(judged: pl.DataFrame, texts: int) -> pl.Series:
    each = judged.select(
        "text",
        part=pl.lit('"')
        + pl.col("aspect")
        + pl.lit('":')
        + pl.struct(pl.col("polarity").round(4), "words").struct.json_encode(),
    )
    whole = each.group_by("text", maintain_order=True).agg(pl.col("part").str.join(","))
    rows = pl.DataFrame({"text": np.arange(texts)})
    return rows.join(whole, on="text", how="left", maintain_order="left").select(
        aspects=pl.lit("{") + pl.col("part").fill_null("") + pl.lit("}")
    )["aspects"]
