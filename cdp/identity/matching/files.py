"""Resolving a file: read as configured, matched, grouped; nothing of it touches the store."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import phonenumbers
import polars as pl

from cdp.errors import InvalidRequest, NothingToLearn
from cdp.identity.identifiers.normalise import normalise_column
from cdp.identity.matching.blocking import candidate_pairs
from cdp.identity.matching.config import FileConfig
from cdp.identity.matching.features import features
from cdp.identity.matching.learning import learnt
from cdp.identity.matching.linkage import groups
from cdp.identity.matching.model import Model, Options
from cdp.identity.matching.roles import NAMED, SINGLE
from cdp.identity.matching.scoring import named, numbered, told, weighed
from cdp.identity.matching.threshold import merge_threshold
from cdp.identity.policy.declaration import IdentityPolicy

# Pairs below this probability are as good as strangers to the groups.
KEPT = 0.01
NO_PAIRS = pl.DataFrame(
    schema={"left": pl.String, "right": pl.String, "weight": pl.Float64, "probability": pl.Float64}
)


@dataclass(frozen=True)
class Resolved:
    """What became of a file.

    clusters: record_key, cluster_id (the smallest record key of the cluster), confidence (the
        probability of the strongest pair that holds the record there; 1 for a record alone).
    pairs: left, right (record keys), weight, probability and, where asked for, evidence; see `score`.
    merge: the probability from which pairs were joined.
    model: None where no two records have enough in common to learn from: each stays alone.
    """

    model: Model | None
    clusters: pl.DataFrame
    pairs: pl.DataFrame
    merge: float


def read_table(path: Path) -> pl.DataFrame:
    """A CSV (all cells as text) or Parquet file.

    Raises:
        InvalidRequest: it cannot be read, or is of another kind.
    """
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        if path.suffix in (".csv", ".tsv"):
            separator = "\t" if path.suffix == ".tsv" else ","
            return pl.read_csv(path, infer_schema=False, separator=separator)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InvalidRequest(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
    raise InvalidRequest(f"{path}: is neither .csv, .tsv nor .parquet")


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """`frame` as CSV or Parquet, by the name of the file; lists as JSON in a CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return
    nested = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    frame.with_columns(
        pl.struct(name).struct.json_encode().alias(name) for name in nested
    ).write_csv(path)


def resolve_file(
    frame: pl.DataFrame,
    config: FileConfig,
    policy: IdentityPolicy,
    trained_at: datetime,
    *,
    evidence: bool = False,
) -> Resolved:
    """The clusters of the records in `frame`, and the pairs with their `evidence` where asked for.

    Raises:
        InvalidRequest: a named column is missing, or the record key is empty or occurs twice.
    """
    keys = _keys(frame, config)
    nodes = numbered(features(_told(frame, config, policy).with_columns(record_uid=keys)))
    try:
        model, scored = _matched(nodes, trained_at, Options(engine=config.engine))
        pairs = told(model, nodes, scored) if evidence else named(nodes, scored)
    except NothingToLearn:
        model, pairs = None, NO_PAIRS.cast({"left": keys.dtype, "right": keys.dtype})
    merge = config.merge or merge_threshold(pairs)
    clean = pl.DataFrame({"record_uid": keys, "clean": _clean(frame, config)})
    facts = nodes.select("record_uid", "given", "birth").join(clean, on="record_uid", how="left")
    grouped = groups(facts, pairs, merge)
    return Resolved(
        model=model,
        clusters=grouped.select(
            record_key="record_uid", cluster_id="group", confidence=pl.col("confidence").round(6)
        ),
        pairs=pairs,
        merge=merge,
    )


def _matched(
    nodes: pl.DataFrame, trained_at: datetime, options: Options
) -> tuple[Model, pl.DataFrame]:
    """A model learnt from the numbered records, and the pairs that it does not take for strangers."""
    candidates = candidate_pairs(nodes, options.blocking)
    found = learnt(nodes, candidates, trained_at, options)
    return found.model, weighed(found.model, found.nodes, found.agreeing, KEPT)


def _keys(frame: pl.DataFrame, config: FileConfig) -> pl.Series:
    used = [config.record_key, config.source, *config.columns]
    missing = [name for name in used if name is not None and name not in frame.columns]
    if missing:
        raise InvalidRequest(
            f"column {missing[0]!r} is not in the file; it has: {', '.join(frame.columns)}"
        )
    if config.record_key is None:
        return pl.int_range(frame.height, eager=True).alias("record_uid")
    keys = frame[config.record_key]
    if keys.null_count() or keys.is_duplicated().any():
        what = "is empty" if keys.null_count() else "is the same"
        raise InvalidRequest(
            f"record key {config.record_key!r} {what} in several rows; name a column without"
            " repetition, or none to take the row's number"
        )
    return keys


def _clean(frame: pl.DataFrame, config: FileConfig) -> pl.Series:
    if config.source is None:
        return pl.Series("clean", [None] * frame.height, dtype=pl.String)
    source = frame[config.source].cast(pl.String)
    if config.clean_sources == "all":
        return source.alias("clean")
    return source.set(~source.is_in(list(config.clean_sources)), None).alias("clean")


def _told(frame: pl.DataFrame, config: FileConfig, policy: IdentityPolicy) -> pl.DataFrame:
    """What the file says, by role."""
    said: list[pl.Series] = []
    for role in SINGLE:
        columns = config.named(role)
        if len(columns) == 1:
            said.append(frame[columns[0]].alias(role))
        elif columns:
            parts = [pl.col(column).cast(pl.String) for column in columns]
            joined = frame.select(pl.concat_str(parts, separator=" ", ignore_nulls=True))
            said.append(joined.to_series().replace("", None).alias(role))
    plain = _plain_names(config.columns)
    for kind in NAMED:
        said += [frame[c].cast(pl.String).alias(f"{kind}_{plain[c]}") for c in config.named(kind)]
    spaces = {name: column.namespace for name, column in config.columns.items()}
    contacts: dict[str, list[str]] = {
        role: [*config.named(role), *(c for c in config.named("identifier") if spaces[c] == role)]
        for role in ("email", "phone")
    }
    for column in config.named("identifier"):
        if spaces[column] not in contacts:
            values = _identifiers(frame[column], spaces[column] or column, policy, config.region)
            said.append(values.alias(f"code_{plain[column]}"))
    for role, columns in contacts.items():
        if columns:
            values = pl.DataFrame(
                [_identifiers(frame[c], role, policy, config.region).alias(c) for c in columns]
            )
            said.append(values.select(pl.concat_list(pl.all()).alias(role)).to_series())
    return pl.DataFrame(said)


def _plain_names(columns: Iterable[str]) -> dict[str, str]:
    """For each column a name of letters and digits, which SQL takes as it is; no two alike."""
    names: dict[str, str] = {}
    for number, column in enumerate(columns):
        name = re.sub(r"\W", "_", column, flags=re.ASCII)
        known = name.lower() in {each.lower() for each in names.values()}
        names[column] = f"{name}_{number}" if known else name
    return names


def _identifiers(
    column: pl.Series, namespace: str, policy: IdentityPolicy, region: str
) -> pl.Series:
    """Normalised values; mistyped ones as they are, since they may be nearly equal to another.

    Blocked ones and those on more records than the policy allows are left out.
    """
    text = column.cast(pl.String)
    verdict = normalise_column(text, namespace, policy, region)
    plain = text.str.strip_chars().str.to_lowercase()
    if namespace == "phone":
        code = str(phonenumbers.country_code_for_region(region))
        digits = plain.str.replace_all(r"\D+", "")
        plain = ("+" + code + digits).set(digits.str.len_chars() < 6, None)
    values = verdict.select(
        pl.when(pl.col("refused").eq_missing("blocked"))
        .then(None)
        .otherwise(pl.coalesce("normalised", plain))
    ).to_series()
    limit = policy.of(namespace).shared_by
    if limit is None:
        return values
    common = values.value_counts(name="records").filter(pl.col("records") > limit)
    return values.set(values.is_in(common[common.columns[0]].implode()), None)
