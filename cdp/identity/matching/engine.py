"""Splink at work: the levels at which pairs of records agree, by DuckDB here or Spark elsewhere."""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, SettingsCreator

from cdp.identity.matching.levels import FUNCTIONS, Comparison, Level

if TYPE_CHECKING:
    from cdp.identity.matching.model import Model

logging.getLogger("splink").setLevel(logging.ERROR)

PIECE = 200_000  # pairs compared at once


def splink_settings(
    comparisons: Sequence[Comparison], prior: float, engine: str = "duckdb"
) -> dict[str, Any]:
    """The comparisons as Splink's own settings."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "node",
        "probability_two_random_records_match": prior,
        "blocking_rules_to_generate_predictions": [],
        "comparisons": [_splink_comparison(each, FUNCTIONS[engine]) for each in comparisons],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
    }


def _splink_comparison(comparison: Comparison, functions: Mapping[str, str]) -> dict[str, Any]:
    missing = {
        "sql_condition": comparison.missing.format(**functions),
        "label_for_charts": "missing",
        "is_null_level": True,
    }
    return {
        "output_column_name": comparison.name,
        "comparison_levels": [
            missing,
            *(_splink_level(each, functions) for each in comparison.levels),
        ],
    }


def _splink_level(level: Level, functions: Mapping[str, str]) -> dict[str, Any]:
    told = {
        "sql_condition": level.condition.format(**functions)
        if level.condition != "else"
        else "ELSE",
        "label_for_charts": level.label,
        "m_probability": level.m,
        "u_probability": level.u,
    }
    if level.frequency:
        told |= {
            "tf_adjustment_column": level.frequency,
            "tf_adjustment_weight": 1.0,
            "disable_tf_exact_match_detection": True,
        }
    return told


def levels(nodes: pl.DataFrame, pairs: pl.DataFrame, model: "Model") -> pl.DataFrame:
    """At which level each field of each pair agrees, as Splink finds it.

    Args:
        nodes: features with the column `node`.
        pairs: left, right (nodes).
        model: whose comparisons to use, and on which engine.

    Returns:
        left, right, gamma_<field> (Splink's number of the level; -1 where it is missing), sorted.
    """
    names = [f"gamma_{each.name}" for each in model.comparisons]
    if pairs.is_empty():
        return pairs.with_columns(pl.lit(-1, pl.Int8).alias(name) for name in names)
    columns = {column for each in model.comparisons for column in each.columns}
    told = nodes.select("node", *(c for c in nodes.columns if c in columns))
    blocked = pairs.select(match_key=pl.lit("0"), join_key_l="left", join_key_r="right")
    bare = [
        each.model_copy(
            update={"levels": tuple(v.model_copy(update={"frequency": None}) for v in each.levels)}
        )
        for each in model.comparisons
    ]
    settings = splink_settings(bare, model.prior, model.options.engine)
    run = _on_spark if model.options.engine == "spark" else _on_duckdb
    return pl.concat(
        piece.select(
            pl.col("node_l", "node_r").cast(pl.UInt32).name.map(_ENDS.__getitem__),
            pl.col(names).cast(pl.Int8),
        )
        for piece in run(told, blocked, settings)
    ).sort("left", "right")


_ENDS = {"node_l": "left", "node_r": "right"}


class _Narrow(DuckDBAPI):
    """Keeps of a pair the levels; Splink by itself also writes down all that it was compared by."""

    def _setup_for_execute_sql(self, sql: str, physical_name: str) -> str:
        if "df_predict" in physical_name:
            sql = f"SELECT COLUMNS('^(node_[lr]|gamma_.*)$') FROM ({sql})"
        return super()._setup_for_execute_sql(sql, physical_name)


def _on_duckdb(
    nodes: pl.DataFrame, blocked: pl.DataFrame, settings: dict[str, Any]
) -> Iterator[pl.DataFrame]:
    """Piece by piece: Splink joins a pair with all that it is compared by."""
    for piece in blocked.iter_slices(PIECE):
        ends = pl.concat([piece["join_key_l"], piece["join_key_r"]]).unique()
        here = nodes.filter(pl.col("node").is_in(ends.implode()))
        connection = duckdb.connect()
        try:
            connection.execute("SET enable_progress_bar = false")
            connection.execute("SET preserve_insertion_order = false")
            api = _Narrow(connection)
            told, pairs = api.register(here.to_arrow()), api.register(piece.to_arrow())
            predicted = _predicted(told, pairs, settings).as_duckdbpyrelation()
            yield pl.DataFrame(predicted.to_arrow_table())
        finally:
            connection.close()


def _on_spark(
    nodes: pl.DataFrame, blocked: pl.DataFrame, settings: dict[str, Any]
) -> Iterator[pl.DataFrame]:
    """All at once on the Spark session of this process, or a local one. Tables pass as Parquet."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  # pyright: ignore[reportMissingImports]  an optional part
    from splink import SparkAPI  # noqa: PLC0415
    from splink.backends.spark import similarity_jar_location  # noqa: PLC0415

    jar = similarity_jar_location()
    spark = SparkSession.builder.config("spark.jars", jar).getOrCreate()
    with tempfile.TemporaryDirectory(prefix="cdp-spark-") as folder:
        spark.sparkContext.setCheckpointDir(f"{folder}/checkpoints")
        # Parquet knows no unsigned numbers that Spark would read as such.
        nodes.cast({"node": pl.Int64}).write_parquet(f"{folder}/nodes.parquet")
        ends = pl.col("join_key_l", "join_key_r").cast(pl.Int64)
        blocked.with_columns(ends).write_parquet(f"{folder}/pairs.parquet")
        api = SparkAPI(spark_session=spark)
        told, pairs = (
            api.register(spark.read.parquet(f"{folder}/{name}.parquet"))
            for name in ("nodes", "pairs")
        )
        predicted = _predicted(told, pairs, settings).as_spark_dataframe()
        kept = [c for c in predicted.columns if c in _ENDS or c.startswith("gamma_")]
        predicted.select(*kept).write.parquet(f"{folder}/predicted")
        yield pl.read_parquet(f"{folder}/predicted/*.parquet")


def _predicted(nodes: Any, blocked: Any, settings: dict[str, Any]) -> Any:
    linker = Linker(nodes, SettingsCreator(**settings), log_level=None, validate_settings=False)
    linker.table_management.register_blocked_pairs_for_predict(blocked)
    return linker.inference.predict(warning_mode="never")
