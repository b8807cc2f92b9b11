"""How good pairs or clusters are beside the truth: pairwise and B-cubed, at every threshold."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cdp.errors import InvalidRequest

THRESHOLDS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)


class Score(BaseModel):
    """Precision, recall and their harmonic mean, each between 0 and 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, precision: float, recall: float) -> "Score":
        """The score with its harmonic mean; 0 where both are 0."""
        both = precision + recall
        return cls(
            precision=round(precision, 6),
            recall=round(recall, 6),
            f1=round(2 * precision * recall / both, 6) if both else 0.0,
        )


class Point(BaseModel):
    """What is reached when only what is at least as sure as `threshold` counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(description="probability")
    clusters: int | None = None
    pairwise: Score
    bcubed: Score | None = Field(default=None, description="null where the truth is of pairs only")


class Evaluation(BaseModel):
    """The whole, and over the threshold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records: int | None
    true_pairs: int
    overall: Point
    curve: tuple[Point, ...]


def evaluate_clusters(truth: pl.Series, cluster: pl.Series, confidence: pl.Series) -> Evaluation:
    """Clusters beside the true ones, over the confidence of each record.

    Args:
        truth: the true cluster of each record; null: unknown, left out.
        cluster: the found cluster.
        confidence: below the threshold a record counts as alone.
    """
    known = pl.DataFrame({"truth": truth, "cluster": cluster, "confidence": confidence})
    known = known.drop_nulls("truth").with_row_index("row")

    def at(threshold: float) -> Point:
        alone = pl.col("confidence") < threshold
        found = known.select(
            "truth",
            cluster=pl.when(alone)
            .then(-1 - pl.col("row").cast(pl.Int64))
            .otherwise(pl.col("cluster").rank("dense").cast(pl.Int64)),
        )
        return _point(threshold, found["truth"], found["cluster"])

    return Evaluation(
        records=known.height,
        true_pairs=_pairs_within(known.group_by("truth").len()),
        overall=at(0.0),
        curve=tuple(at(each) for each in THRESHOLDS[1:]),
    )


def evaluate_pairs(
    pairs: pl.DataFrame, records: pl.DataFrame, thresholds: Sequence[float] = THRESHOLDS
) -> Evaluation:
    """Scored pairs beside the true clusters; the clusters at a threshold are the connected ones.

    Args:
        pairs: left, right (record keys), probability.
        records: record_key, truth.
        thresholds: probabilities.
    """
    known = records.drop_nulls("truth").with_row_index("node")
    node = dict(zip(known["record_key"], known["node"], strict=True))
    ends = pairs.select(
        pl.col("left", "right").replace_strict(node, default=None, return_dtype=pl.Int64),
        "probability",
    ).drop_nulls()
    truth = known["truth"]

    def at(threshold: float) -> Point:
        kept = ends.filter(pl.col("probability") >= threshold)
        one, other = kept["left"].to_numpy(), kept["right"].to_numpy()
        matrix = coo_matrix((np.ones(len(one)), (one, other)), shape=(known.height,) * 2)
        clusters = pl.Series(connected_components(matrix, directed=False)[1])
        right = int((truth.gather(kept["left"]) == truth.gather(kept["right"])).sum())
        point = _point(threshold, truth, clusters)
        total = _pairs_within(known.group_by("truth").len())
        said = Score.of(
            right / kept.height if kept.height else 1.0, right / total if total else 1.0
        )
        return point.model_copy(update={"pairwise": said})

    return Evaluation(
        records=known.height,
        true_pairs=_pairs_within(known.group_by("truth").len()),
        overall=at(thresholds[0]),
        curve=tuple(at(each) for each in thresholds[1:]),
    )


def evaluate_labels(probability: pl.Series, label: pl.Series) -> Evaluation:
    """Scored pairs beside labels on them: whether each is of one person. Unscored ones count as 0."""
    said = pl.DataFrame({"p": probability.fill_null(0.0), "label": label}).drop_nulls("label")
    true = int(said["label"].sum())

    def at(threshold: float) -> Point:
        kept = said.filter(pl.col("p") >= threshold)
        right = int(kept["label"].sum())
        precision = right / kept.height if kept.height else 1.0
        return Point(
            threshold=threshold, pairwise=Score.of(precision, right / true if true else 1.0)
        )

    return Evaluation(
        records=None,
        true_pairs=true,
        overall=at(0.5),
        curve=tuple(at(each) for each in THRESHOLDS[1:]),
    )


def label_of(column: pl.Series) -> pl.Series:
    """Labels as truth values.

    Raises:
        InvalidRequest: a label is none of true/false, yes/no, 1/0, match/distinct.
    """
    words = {"true": True, "yes": True, "1": True, "1.0": True, "match": True, "link": True,
             "false": False, "no": False, "0": False, "0.0": False, "distinct": False,
             "cannot_link": False}  # fmt: skip
    text = column.cast(pl.String).str.strip_chars().str.to_lowercase()
    odd = text.filter(text.is_not_null() & ~text.is_in(list(words)))
    if len(odd):
        raise InvalidRequest(f"label {odd[0]!r} in {column.name!r} is unknown; write true or false")
    return text.replace_strict(words, default=None, return_dtype=pl.Boolean)


def _point(threshold: float, truth: pl.Series, cluster: pl.Series) -> Point:
    records = pl.DataFrame({"truth": truth, "cluster": cluster})
    both = records.group_by("truth", "cluster").len()
    true, found = records.group_by("truth").len(), records.group_by("cluster").len()
    right, said, meant = (_pairs_within(each) for each in (both, found, true))
    shares = both.join(true, on="truth", suffix="_true").join(found, on="cluster", suffix="_found")
    count = pl.col("len").cast(pl.Float64)
    per_record = shares.select(
        precision=(count**2 / pl.col("len_found")).sum() / records.height,
        recall=(count**2 / pl.col("len_true")).sum() / records.height,
    ).row(0)
    return Point(
        threshold=threshold,
        clusters=found.height,
        pairwise=Score.of(right / said if said else 1.0, right / meant if meant else 1.0),
        bcubed=Score.of(*per_record),
    )


def _pairs_within(sizes: pl.DataFrame) -> int:
    size = sizes["len"].cast(pl.Int64)
    return int((size * (size - 1) // 2).sum())
