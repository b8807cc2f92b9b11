"""Identifiers derived anew: what records said raw comes out, what another policy changes goes back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from psycopg import sql
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.database import driver

# A later delivery that says something else for the same time corrects the earlier one; the rows of
# one delivery lie microseconds apart and correct nothing.
RAW = """
SELECT record_uid, namespace, value, bool_or(stands)::int, min(observed_at)
FROM (
    SELECT v.record_uid, said.key AS namespace, form.value, v.observed_at,
           v.recorded_at > max(v.recorded_at) OVER (PARTITION BY v.record_uid, v.observed_at)
               - interval '10 milliseconds' AS stands
    FROM record_version AS v, jsonb_each(v.content -> 'identifiers') AS said,
    LATERAL (SELECT jsonb_array_elements_text(
                 CASE jsonb_typeof(said.value) WHEN 'array' THEN said.value
                                               ELSE jsonb_build_array(said.value) END)) AS form (value)
    WHERE {chosen}) AS every
WHERE value IS NOT NULL GROUP BY record_uid, namespace, value
"""
RAW_COLUMNS = {
    "record_uid": pl.String,
    "namespace": pl.String,
    "value": pl.String,
    "stands": pl.Int64,
    "observed_at": pl.String,
}

# The same, whole, of companies: some of their identifiers are made from their traits.
COMPANY_STATEMENTS = """
SELECT v.record_uid, v.content,
       (v.recorded_at > max(v.recorded_at) OVER (PARTITION BY v.record_uid, v.observed_at)
           - interval '10 milliseconds')::int, v.observed_at
FROM record_version AS v JOIN source_record USING (record_uid) JOIN channel USING (channel)
WHERE channel.subject = 'account'
"""
STATEMENT_COLUMNS = {
    "record_uid": pl.String,
    "content": pl.String,
    "stands": pl.Int64,
    "observed_at": pl.String,
}

LIVE = """
SELECT record_uid, namespace, value FROM record_identifier
WHERE withdrawn_at IS NULL AND {chosen}
"""
LIVE_COLUMNS = {"record_uid": pl.String, "namespace": pl.String, "value": pl.String}

WITHDRAW = """
UPDATE record_identifier AS i SET withdrawn_at = :at FROM rederived AS r
WHERE r.namespace = i.namespace AND r.value = i.value AND r.record_uid = i.record_uid
"""
# One that an earlier policy made is there already, withdrawn: it comes back with its times.
ADD = """
INSERT INTO record_identifier (namespace, value, record_uid, observed_at, recorded_at)
SELECT namespace, value, record_uid, observed_at, :at FROM rederived ORDER BY 1, 2, 3
ON CONFLICT (namespace, value, record_uid) DO UPDATE SET withdrawn_at = NULL
"""
# Their profiles tell other identifiers now, also where nobody moved.
TOUCH = "INSERT INTO touched_record SELECT DISTINCT record_uid, true FROM rederived"


@dataclass(frozen=True)
class Namespaces:
    """Some namespaces: those named, or all but those named."""

    named: Collection[str]
    all_but: bool = False

    def __contains__(self, namespace: str) -> bool:
        return (namespace in self.named) != self.all_but

    def __bool__(self) -> bool:
        return self.all_but or bool(self.named)


def raw_identifiers(tx: Connection, namespaces: Namespaces) -> pl.DataFrame:
    """What records said of `namespaces`, raw, once per record and value, with its first time.

    record_uid, namespace, value, stands (0 where it was corrected since), observed_at (text).
    """
    return staging.copy_out(tx, _of(tx, RAW, namespaces, "said.key"), RAW_COLUMNS)


def company_statements(tx: Connection) -> pl.DataFrame:
    """What records of companies said: record_uid, content (JSON text), stands and observed_at as above."""
    return staging.copy_out(tx, COMPANY_STATEMENTS, STATEMENT_COLUMNS)


def live_identifiers(tx: Connection, namespaces: Namespaces) -> pl.DataFrame:
    """The identifiers of `namespaces` that hold now: record_uid, namespace, value."""
    return staging.copy_out(tx, _of(tx, LIVE, namespaces, "namespace"), LIVE_COLUMNS)


def withdraw(tx: Connection, identifiers: pl.DataFrame, at: datetime) -> None:
    """Let identifiers (record_uid, namespace, value) hold no longer."""
    _stage(tx, identifiers)
    tx.execute(text(WITHDRAW), {"at": at})
    tx.execute(text(TOUCH))


def add(tx: Connection, identifiers: pl.DataFrame, at: datetime) -> None:
    """Let identifiers (record_uid, namespace, value, observed_at) hold."""
    _stage(tx, identifiers)
    tx.execute(text(ADD), {"at": at})
    tx.execute(text(TOUCH))


def _stage(tx: Connection, identifiers: pl.DataFrame) -> None:
    staging.truncate(tx, ("rederived",))
    staging.copy_in(tx, "rederived", identifiers)


def _of(tx: Connection, query: str, namespaces: Namespaces, column: str) -> str:
    """COPY takes no parameters: the names are written into the query, quoted by the driver."""
    names = sql.Literal(sorted(namespaces.named)).as_string(driver(tx))
    some = f"{column} {'<> ALL' if namespaces.all_but else '= ANY'}({names}::text[])"
    return query.format(chosen=some)
