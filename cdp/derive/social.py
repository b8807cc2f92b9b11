"""Social affinity: causes and interests that a person's posts speak for, with the post as evidence."""

import re
from collections.abc import Mapping
from datetime import datetime

import polars as pl
from polars.dataframe.group_by import GroupBy

from cdp.derive.declare import declared
from cdp.derive.document import as_text
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters

FAMILY = "social"
MOST = 12
TRAITS = declared(
    FAMILY,
    ("post", "derive.social of the policy"),
    ("causes", "list", None, "good causes that the person's posts speak for, most often first",
     "causes of derive.social.causes one of whose words begins a word of a post"),
    ("cause_evidence", "list", None, "the newest post for each cause",
     "[{cause, posts, at, record_uid, event_id}], most often first"),
    ("social_interests", "list", None, "interests that the person's posts speak for, most often first",
     "interests of derive.social.interests one of whose words begins a word of a post"),
    ("hashtags", "list", None, "hashtags of the person's posts, most often first",
     f"lower case, at most {MOST}"),
    ("posts", "integer", "posts", "how many posts are known", "number of posts with a text"),
    ("last_post_at", "instant", "UTC", "when the person last posted", "max(at of posts)"),
)  # fmt: skip


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits above."""
    del parameters, now
    posts = facts.posts.filter(pl.col("text").is_not_null())
    if posts.is_empty():
        return facts.profiles.select("n").clear()
    found = posts.group_by("n").agg(posts=pl.len().cast(pl.Int64), last_post_at=pl.col("at").max())
    social = facts.policy.social
    for said in (
        _spoken_for(posts, social.causes).agg(
            causes=pl.col("word"),
            cause_evidence=pl.struct(
                pl.col("word").alias("cause"),
                "posts",
                as_text(pl.col("at")).alias("at"),
                "record_uid",
                "event_id",
            ),
        ),
        _spoken_for(posts, social.interests).agg(social_interests=pl.col("word")),
        _hashtags(posts),
    ):
        found = found.join(said, on="n", how="left")
    return found


def _spoken_for(posts: pl.DataFrame, words: Mapping[str, tuple[str, ...]]) -> GroupBy:
    """Columns n, word (of `words`), posts that speak for it, and the newest of these; most often first."""
    newest = posts.sort("at", "event_id", descending=True)
    hits = [
        newest.filter(pl.col("text").str.contains(_pattern(said)))
        .group_by("n", maintain_order=True)
        .agg(
            pl.lit(word).alias("word"),
            pl.len().cast(pl.Int64).alias("posts"),
            pl.col("at", "record_uid", "event_id").first(),
        )
        for word, said in words.items()
    ]
    ranked = pl.concat(hits) if hits else newest.clear().with_columns(word=pl.lit(""), posts=0)
    ranked = ranked.sort("n", "posts", "word", descending=[False, True, False])
    return ranked.group_by("n", maintain_order=True)


def _pattern(words: tuple[str, ...]) -> str:
    return r"(?i)\b(?:" + "|".join(re.escape(word) for word in words) + ")"


def _hashtags(posts: pl.DataFrame) -> pl.DataFrame:
    tags = (
        posts.select(
            "n", tag=pl.col("text").str.to_lowercase().str.extract_all(r"#\w+").list.unique()
        )
        .explode("tag", empty_as_null=True)
        .drop_nulls()
    )
    counts = (
        tags.group_by("n", "tag").len().sort("n", "len", "tag", descending=[False, True, False])
    )
    return counts.group_by("n", maintain_order=True).agg(hashtags=pl.col("tag").head(MOST))
