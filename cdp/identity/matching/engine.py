"""Splink at work: the levels at which pairs of records agree, by DuckDB here or Spark elsewhere."""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from splink import Linker, SettingsCreator

from cdp.identity.matching.levels import FUNCTIONS, Comparison, Level

if TYPE_CHECKING:
    from cdp.identity.matching.model import Model

logging.getLogger("splink").setLevel(logging.ERROR)

# Pairs compared at once: two of the portions that the threads of DuckDB take from a table.
PIECE = 2 * 122_880
_ENDS = {"node_l": "left", "node_r": "right"}  # Splink's names


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
    bare = [
        each.model_copy(
            update={"levels": tuple(v.model_copy(update={"frequency": None}) for v in each.levels)}
        )
        for each in model.comparisons
    ]
    settings = splink_settings(bare, model.prior, model.options.engine)
    run = _on_spark if model.options.engine == "spark" else _on_duckdb
    return pl.concat(
        piece.select(pl.col("left", "right").cast(pl.UInt32), pl.col(names).cast(pl.Int8))
        for piece in run(told, pairs, settings)
    ).sort("left", "right")


def _on_duckdb(
    nodes: pl.DataFrame, pairs: pl.DataFrame, settings: dict[str, Any]
) -> Iterator[pl.DataFrame]:
    """Piece by piece, each with all that its pairs are compared by.

    Splink writes the SQL of the levels and DuckDB runs it on the pairs as they come: Splink's own
    `predict` copies both ends of every piece into tables first, and plans anew for each.
    """
    written = SettingsCreator(**settings).get_settings("duckdb").core_model_settings.comparisons
    found = ", ".join(each._case_statement for each in written)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the pinned Splink's
    query = (
        f'SELECT "left", "right", COLUMNS(\'^gamma_\')::TINYINT'
        f' FROM (SELECT "left", "right", {found} FROM piece)'
    )
    said, rows = nodes.drop("node"), rows_of(nodes)
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        for pair in pairs.iter_slices(PIECE):
            sides = (
                said[rows[pair[end]]].rename(lambda column, side=side: f"{column}_{side}")
                for end, side in (("left", "l"), ("right", "r"))
            )
            piece = pl.concat([pair, *sides], how="horizontal")
            # Texts pass as they lie in memory.
            connection.register("piece", piece.to_arrow(compat_level=pl.CompatLevel.newest()))
            yield pl.DataFrame(connection.sql(query).to_arrow_table())


def rows_of(nodes: pl.DataFrame) -> NDArray[np.int64]:
    """In which row of `nodes` each node is, by its number."""
    numbers = nodes["node"].to_numpy()
    rows = np.zeros(int(numbers.max(initial=0)) + 1, dtype=np.int64)
    rows[numbers] = np.arange(len(numbers))
    return rows


def _on_spark(
    nodes: pl.DataFrame, pairs: pl.DataFrame, settings: dict[str, Any]
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
        ends = pairs.cast(pl.Int64).rename({"left": "join_key_l", "right": "join_key_r"})
        blocked = ends.with_columns(match_key=pl.lit("0"))
        blocked.write_parquet(f"{folder}/pairs.parquet")
        api = SparkAPI(spark_session=spark)
        told, candidates = (
            api.register(spark.read.parquet(f"{folder}/{name}.parquet"))
            for name in ("nodes", "pairs")
        )
        linker = Linker(told, SettingsCreator(**settings), log_level=None, validate_settings=False)
        linker.table_management.register_blocked_pairs_for_predict(candidates)
        predicted = linker.inference.predict(warning_mode="never").as_spark_dataframe()
        kept = [c for c in predicted.columns if c in _ENDS or c.startswith("gamma_")]
        predicted.select(*kept).write.parquet(f"{folder}/predicted")
        yield pl.read_parquet(f"{folder}/predicted/*.parquet").rename(_ENDS)
