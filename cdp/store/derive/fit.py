"""What fitting reads of the whole base."""

import polars as pl
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.audience.predicate import literal
from cdp.store.derive.facts import TAKE_MEMBERS

USUAL_CURRENCY = """
SELECT currency FROM record_aggregate WHERE currency <> ''
GROUP BY currency ORDER BY sum(events) DESC, currency LIMIT 1"""
# Of a large base a part that no one chose, the same at each fit.
SAMPLE = """
INSERT INTO deriving
SELECT row_number() OVER (), profile_id, false FROM (
    SELECT profile_id FROM profile WHERE subject = 'person'
    ORDER BY hashtextextended(profile_id::text, 0) LIMIT :most) AS sample"""

KINDS = "SELECT DISTINCT kind FROM record_aggregate ORDER BY kind"
FIRST_SALES = """
SELECT product, min(occurred_at)::date - date '1970-01-01' FROM event
WHERE product IS NOT NULL AND kind = ANY({kinds}) GROUP BY product"""
FIRST_SALES_COLUMNS = {"product": pl.String, "day": pl.Int32}


def kinds(tx: Connection) -> tuple[str, ...]:
    """The kinds of events that occur in the base."""
    return tuple(tx.execute(text(KINDS)).scalars())


def first_sales(tx: Connection, kinds: list[str]) -> pl.DataFrame:
    """Columns product and day (since 1970, UTC) of the first event of these kinds that names it."""
    query = FIRST_SALES.format(kinds=literal(kinds))
    return staging.copy_out(tx, query, FIRST_SALES_COLUMNS)


def usual_currency(tx: Connection) -> str | None:
    """The currency that most priced events are in; None: nothing has a price."""
    return tx.execute(text(USUAL_CURRENCY)).scalar_one_or_none()


def take_sample(tx: Connection, most: int = 100_000) -> int:
    """Put up to `most` persons into `deriving`, in place of what is there; how many."""
    staging.prepare(tx)
    staging.truncate(tx, ("deriving", "deriving_record"))
    taken = tx.execute(text(SAMPLE), {"most": most}).rowcount
    tx.execute(text(TAKE_MEMBERS))
    staging.analyze(tx, "deriving", "deriving_record")
    return taken
