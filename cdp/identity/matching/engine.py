"""Splink at work: the levels at which pairs of records agree, by DuckDB here or Spark elsewhere."""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, SettingsCreator

from cdp.identity.matching.levels import FUNCTIONS, Comparison, Level

if TYPE_CHECKING:
    from cdp.identity.matching.model import Model

logging.getLogger("splink").setLevel(logging.ERROR)

PIECE = 400_000  # pairs compared at once
_KEPT = ("node_l", "node_r", "match_weight", "match_probability")


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


def compare(nodes: pl.DataFrame, pairs: pl.DataFrame, model: "Model") -> pl.DataFrame:
    """What Splink says of each pair: levels (`gamma_`), weights (`mw_`) and their sum.

    Args:
        nodes: features with the column `node` and the `tf_` columns of the model.
        pairs: left, right (nodes).
        model: whose comparisons to use.

    Returns:
        node_l, node_r, match_weight, match_probability, gamma_*, mw_*; in no order.
    """
    if pairs.is_empty():
        return _nothing(model)
    columns = {column for each in model.comparisons for column in each.columns}
    told = nodes.select("node", *(c for c in nodes.columns if c in columns or c[:3] == "tf_"))
    blocked = pairs.select(match_key=pl.lit("0"), join_key_l="left", join_key_r="right")
    run = _on_spark if model.options.engine == "spark" else _on_duckdb
    return run(told, blocked, model.settings())


def _on_duckdb(
    nodes: pl.DataFrame, blocked: pl.DataFrame, settings: dict[str, Any]
) -> pl.DataFrame:
    """Piece by piece: Splink keeps a pair with all it was compared by in memory."""
    found = []
    for piece in blocked.iter_slices(PIECE):
        ends = pl.concat([piece["join_key_l"], piece["join_key_r"]]).unique()
        here = nodes.filter(pl.col("node").is_in(ends.implode()))
        found.append(_piece_on_duckdb(here, piece, settings))
    return pl.concat(found)


def _piece_on_duckdb(
    nodes: pl.DataFrame, blocked: pl.DataFrame, settings: dict[str, Any]
) -> pl.DataFrame:
    connection = duckdb.connect()
    try:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = false")
        api = DuckDBAPI(connection)
        told, pairs = api.register(nodes.to_arrow()), api.register(blocked.to_arrow())
        predicted = _predicted(told, pairs, settings).as_duckdbpyrelation()
        return pl.DataFrame(predicted.select(*_kept(predicted.columns)).to_arrow_table())
    finally:
        connection.close()


def _on_spark(nodes: pl.DataFrame, blocked: pl.DataFrame, settings: dict[str, Any]) -> pl.DataFrame:
    """The same on the Spark session of this process, or a local one. Tables pass as Parquet."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  # pyright: ignore[reportMissingImports]  an optional part
    from splink import SparkAPI  # noqa: PLC0415
    from splink.backends.spark import similarity_jar_location  # noqa: PLC0415

    jar = similarity_jar_location()
    spark = SparkSession.builder.config("spark.jars", jar).getOrCreate()
    with tempfile.TemporaryDirectory(prefix="cdp-spark-") as folder:
        spark.sparkContext.setCheckpointDir(f"{folder}/checkpoints")
        # Parquet knows no unsigned numbers that Spark would read as such; and on Spark, Splink does
        # not notice frequencies that the records bring along, so each goes in as a table.
        known = [c.removeprefix("tf_") for c in nodes.columns if c.startswith("tf_")]
        bare = nodes.drop(f"tf_{c}" for c in known)
        bare.cast({"node": pl.Int64}).write_parquet(f"{folder}/nodes.parquet")
        ends = pl.col("join_key_l", "join_key_r").cast(pl.Int64)
        blocked.with_columns(ends).write_parquet(f"{folder}/pairs.parquet")
        api = SparkAPI(spark_session=spark)
        told, pairs = (
            api.register(spark.read.parquet(f"{folder}/{name}.parquet"))
            for name in ("nodes", "pairs")
        )
        lookups = {}
        for column in known:
            values = nodes.select(column, f"tf_{column}").drop_nulls().unique()
            values.write_parquet(f"{folder}/tf_{column}.parquet")
            lookups[column] = api.register(spark.read.parquet(f"{folder}/tf_{column}.parquet"))
        predicted = _predicted(told, pairs, settings, lookups).as_spark_dataframe()
        predicted.select(*_kept(predicted.columns)).write.parquet(f"{folder}/predicted")
        found = pl.read_parquet(f"{folder}/predicted/*.parquet")
    return found.cast({"node_l": pl.UInt32, "node_r": pl.UInt32})


def _predicted(
    nodes: Any, blocked: Any, settings: dict[str, Any], frequencies: Mapping[str, Any] | None = None
) -> Any:
    linker = Linker(nodes, SettingsCreator(**settings), log_level=None)
    for column, table in (frequencies or {}).items():
        linker.table_management.register_term_frequency_lookup(table, column)
    linker.table_management.register_blocked_pairs_for_predict(blocked)
    return linker.inference.predict(warning_mode="never")


def _kept(columns: list[str]) -> list[str]:
    return [c for c in columns if c in _KEPT or c.startswith(("gamma_", "mw_"))]


def _nothing(model: "Model") -> pl.DataFrame:
    names = [each.name for each in model.comparisons]
    return pl.DataFrame(
        schema={
            "node_l": pl.UInt32,
            "node_r": pl.UInt32,
            "match_weight": pl.Float64,
            "match_probability": pl.Float64,
            **{f"gamma_{name}": pl.Int32 for name in names},
            **{f"mw_{name}": pl.Float64 for name in names},
            **{f"mw_tf_adj_{name}": pl.Float64 for name in names},
        }
    )
