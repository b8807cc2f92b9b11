"""Deciding who is who in a whole store, beside scipy's components on the same edges, in and out."""

import time

import numpy as np
import polars as pl
from rich.console import Console
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sqlalchemy import text

from benchmarks.machine import described, fresh_store
from cdp.identity.resolve import resolve_everything
from cdp.store import staging
from cdp.store.database import Database

SIZES = (100_000, 1_000_000)
LIMIT = 1.5
# About 450 of 1,000 records are of people seen once; 2.2 identifiers a record; one name in five
# hundred clashes, so that the careful pass has something to do.
FILL = (
    "INSERT INTO channel VALUES ('crm', 'person', 'benchmark', 50, true, now())",
    """CREATE TEMP TABLE made AS
       SELECT i, (i * 48271::bigint) % (:records * 45 / 100) AS person, uuidv7() AS uid
       FROM generate_series(1, :records) AS i""",
    """INSERT INTO source_record (record_uid, channel, record_key, profile_id, component_id, recorded_at)
       SELECT uid, 'crm', 'c' || i, uid, uid, now() FROM made ORDER BY uid""",
    """INSERT INTO record_version (record_uid, observed_at, content_hash, content, recorded_at)
       SELECT uid, now(), md5(i::text)::uuid, jsonb_build_object('traits', jsonb_build_object('name',
           jsonb_build_object('given', CASE i % 500 WHEN 9 THEN 'Zoe' ELSE 'Ann' END))), now()
       FROM made ORDER BY uid""",
    """INSERT INTO record_identifier (namespace, value, record_uid, observed_at, recorded_at)
       SELECT 'email', 'person' || person || '@example.com', uid, now(), now() FROM made
       UNION ALL SELECT 'loyalty_card', 'card' || person, uid, now(), now() FROM made WHERE i % 10 < 7
       UNION ALL SELECT 'cookie_id', 'cookie' || i, uid, now(), now() FROM made WHERE i % 2 = 0
       ORDER BY 1, 2""",
    "ANALYZE",
)
EDGES = "SELECT record_uid, namespace, value FROM record_identifier WHERE withdrawn_at IS NULL"
EDGE_COLUMNS = {"record_uid": pl.String, "namespace": pl.String, "value": pl.String}
WRITE = """
UPDATE source_record AS s SET component_id = a.component_id, profile_id = a.profile_id
FROM assignment AS a WHERE a.record_uid = s.record_uid"""
console = Console(width=110)


def plain_components(database: Database) -> tuple[float, int, int]:
    """Seconds of reading the edges, scipy and writing who belongs to whom; edges; components."""
    started = time.perf_counter()
    with database.transaction() as tx:
        staging.prepare(tx)
        edges = staging.copy_out(tx, EDGES, EDGE_COLUMNS)
        records = edges["record_uid"].unique().sort()
        nodes = edges["record_uid"].replace_strict(
            records, pl.int_range(len(records), eager=True), return_dtype=pl.Int64
        )
        values = edges.select(pl.struct("namespace", "value").rank("dense")).to_series()
        size = len(records) + int(values.cast(pl.Int64).max() or 0) + 1  # pyright: ignore[reportArgumentType]
        ends = (nodes.to_numpy(), values.to_numpy() + len(records))
        matrix = coo_matrix((np.ones(len(nodes), dtype=np.int8), ends), shape=(size, size))
        labels = connected_components(matrix, directed=False)[1][: len(records)]
        frame = pl.DataFrame({"record_uid": records, "label": labels})
        oldest = pl.col("record_uid").min().over("label")
        assignment = frame.select("record_uid", component_id=oldest, profile_id=oldest)
        staging.copy_in(tx, "assignment", assignment)
        tx.execute(text(WRITE))
    return time.perf_counter() - started, edges.height, int(labels.max()) + 1


def measure(records: int) -> tuple[float, float]:
    """Seconds of the plain components and of ours, each in a fresh store of `records` records."""
    spent = []
    for ours in (False, True):
        with fresh_store() as database:
            with database.transaction() as tx:
                for statement in FILL:
                    tx.execute(text(statement), {"records": records})
            if not ours:
                seconds, edges, components = plain_components(database)
                console.print(
                    f"  {records:>9,} records, {edges:,} edges, {components:,} components"
                )
            else:
                started = time.perf_counter()
                resolved = resolve_everything(database)
                seconds = time.perf_counter() - started
                console.print(f"  ours: {resolved.merges:,} merges, {resolved.cuts:,} refused")
        spent.append(seconds)
    return spent[0], spent[1]


def main() -> None:
    """Print the figures of one run."""
    console.print(f"[bold]who is who, everything at once[/bold]  ({described()})")
    ours = []
    for records in SIZES:
        plain, mine = measure(records)
        ours.append(mine / records)
        console.print(
            f"  scipy with reading and writing {plain:.1f} s   resolve {mine:.1f} s   "
            f"[bold]{mine / plain:.2f} x[/bold] (promised {LIMIT})"
        )
    console.print(
        f"  seconds a record at {SIZES[1]:,} beside {SIZES[0]:,}: {ours[1] / ours[0]:.2f} x"
    )


if __name__ == "__main__":
    main()
