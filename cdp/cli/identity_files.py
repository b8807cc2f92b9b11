"""Resolving and evaluating files: `cdp identity cluster` and `cdp identity evaluate`."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.options import AsJson

if TYPE_CHECKING:
    import polars as pl

    from cdp.identity.matching.evaluation import Evaluation, Point
    from cdp.identity.matching.files import Resolved

Table = Annotated[Path, typer.Argument(metavar="INPUT", help="A .csv, .tsv or .parquet file.")]


def cluster(
    table: Table,
    *,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML: what each column says.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Record key, cluster id, confidence; .csv or .parquet."),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The scored pairs with their evidence, too."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The trained model as JSON, too.")
    ] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Only print a configuration to start from.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find out which records of a file are one person, without store and without labels."""
    from cdp.identity.matching.config import load_config, proposed
    from cdp.identity.matching.files import read_table, resolve_file, write_table
    from cdp.identity.policy.declaration import identity_policy
    from cdp.settings import settings

    frame = read_table(table)
    if propose:
        typer.echo(proposed(frame), nl=False)
        return
    if config is None or out is None:
        raise typer.BadParameter("give --config FILE and --out FILE, or --propose")
    policy = identity_policy(settings().policy)
    resolved = resolve_file(
        frame, load_config(config), policy, datetime.now(UTC), evidence=pairs is not None
    )
    write_table(resolved.clusters, out)
    if pairs is not None:
        write_table(resolved.pairs, pairs)
    if model is not None and resolved.model is not None:
        model.parent.mkdir(parents=True, exist_ok=True)
        model.write_text(resolved.model.to_json(), encoding="utf-8")
    _tell(resolved, as_json=as_json)


def _tell(resolved: "Resolved", *, as_json: bool) -> None:
    import json

    from cdp.cli import output

    sizes = resolved.clusters["cluster_id"].value_counts()["count"]
    figures = {
        "records": resolved.clusters.height,
        "clusters": len(sizes),
        "largest": int(sizes.max() or 0),  # pyright: ignore[reportArgumentType]
        "model": resolved.model.version if resolved.model else None,
        "merged from": round(resolved.merge, 3),
    }
    if as_json:
        typer.echo(json.dumps(figures))
        return
    output.screen().print(output.pairs((name, output.words(v)) for name, v in figures.items()))
    if resolved.model is None:
        output.screen().print("no two records have anything in common, so no model could be learnt")
        return
    table = output.table("field", "agreement", "one person", "strangers", "weight",
                         right=("one person", "strangers", "weight"))  # fmt: skip
    for field, level, m, u, _, weight in resolved.model.parameters().iter_rows():
        table.add_row(field, level, f"{m:.4f}", f"{u:.6f}", f"{weight:+.1f}")
    output.screen().print(table)


def evaluate(
    *,
    clusters: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What `cluster` wrote: record_key, cluster_id."),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Pairs: left, right, probability, perhaps a label."),
    ] = None,
    decisions: Annotated[
        bool, typer.Option("--decisions", help="The store's own pairs that stewards decided.")
    ] = False,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Records with their true cluster; default: FILE itself."),
    ] = None,
    truth_column: Annotated[
        str, typer.Option(help="The true cluster of a record, or the label of a pair.")
    ] = "cluster",
    record_key: Annotated[
        str, typer.Option(help="The record key's column in the file of the truth.")
    ] = "record_key",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The curves as .png or .svg.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure clusters or pairs beside the truth: precision, recall, F1, over the threshold."""
    from cdp.cli import identity_review, output

    if [clusters is not None, pairs is not None, decisions].count(True) != 1:
        raise typer.BadParameter("give one of --clusters FILE, --pairs FILE and --decisions")
    if decisions:
        identity_review.evaluate_decisions(as_json=as_json)
        return
    if clusters is not None:
        found = _of_clusters(clusters, truth, truth_column, record_key)
    else:
        assert pairs is not None  # noqa: S101  said above
        found = _of_pairs(pairs, truth, truth_column, record_key)
    if plot is not None:
        from cdp.identity.matching.evaluation_plot import plot as draw

        draw(found, plot)
    if as_json:
        output.emit(found)
    else:
        _show(found)


def _of_clusters(path: Path, truth: Path | None, column: str, key: str) -> "Evaluation":
    import polars as pl

    from cdp.identity.matching.evaluation import evaluate_clusters
    from cdp.identity.matching.files import read_table

    found = _having(read_table(path), path, "record_key", "cluster_id")
    if truth is not None:
        found = found.join(_truth(truth, column, key), on="record_key", how="inner")
        column = "truth"
    _having(found, truth or path, column)
    sure = found["confidence"] if "confidence" in found.columns else pl.Series([1.0] * found.height)
    return evaluate_clusters(found[column], found["cluster_id"], sure.cast(pl.Float64))


def _of_pairs(path: Path, truth: Path | None, column: str, key: str) -> "Evaluation":
    import polars as pl

    from cdp.identity.matching.evaluation import evaluate_labels, evaluate_pairs, label_of
    from cdp.identity.matching.files import read_table

    found = _having(read_table(path), path, "left", "right", "probability")
    probability = found["probability"].cast(pl.Float64)
    if truth is None:
        return evaluate_labels(probability, label_of(_having(found, path, column)[column]))
    scored = found.select(pl.col("left", "right").cast(pl.String), probability=probability)
    return evaluate_pairs(scored, _truth(truth, column, key))


def _truth(path: Path, column: str, key: str) -> "pl.DataFrame":
    import polars as pl

    from cdp.identity.matching.files import read_table

    records = _having(read_table(path), path, column, key)
    return records.select(pl.col(key).cast(pl.String).alias("record_key"), truth=column)


def _having(frame: "pl.DataFrame", path: Path, *columns: str) -> "pl.DataFrame":
    import polars as pl

    from cdp.errors import InvalidRequest

    for column in columns:
        if column not in frame.columns:
            raise InvalidRequest(
                f"{path}: no column {column!r}; it has: {', '.join(frame.columns)}"
            )
    keys = [name for name in ("record_key",) if name in columns]
    return frame.with_columns(pl.col(name).cast(pl.String) for name in keys)


def _show(found: "Evaluation") -> None:
    from cdp.cli import output

    whole = {"records": found.records, "true pairs": found.true_pairs}
    output.screen().print(output.pairs((name, output.words(v)) for name, v in whole.items()))
    columns = ("pair P", "pair R", "pair F1", "B3 P", "B3 R", "B3 F1", "clusters")
    table = output.table("threshold", *columns, right=("threshold", *columns))
    for place, point in enumerate((found.overall, *found.curve)):
        table.add_row("all" if place == 0 else f"{point.threshold:g}", *_figures(point))
    output.screen().print(table)


def _figures(point: "Point") -> list[str]:
    pairwise = [f"{v:.4f}" for v in point.pairwise.model_dump().values()]
    bcubed = [f"{v:.4f}" for v in point.bcubed.model_dump().values()] if point.bcubed else ["-"] * 3
    return [*pairwise, *bcubed, "-" if point.clusters is None else str(point.clusters)]
