"""All that speaks for or against records being one person: of the whole store, or of some components."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import polars as pl
from sqlalchemy import Connection, text

from cdp.store import staging

ALL = "INSERT INTO closure_record SELECT record_uid FROM source_record"
# A full name is `given ... family`, or `family, given` unless a generation or degree follows the comma.
_REVERSED = r"(?!\s*(jr|jnr|junior|sr|snr|senior|ii|iii|iv|esq|phd|md)\M)"
NAMES = rf"""lower(coalesce(
           v.name ->> 'given', substring(lower(v.name ->> 'full') FROM ',{_REVERSED}(.+)$'),
           regexp_replace(split_part(v.name ->> 'full', ',', 1), '(\S)\s+\S+\s*$', '\1'))) AS given_name,
       lower(coalesce(
           v.name ->> 'family', substring(lower(v.name ->> 'full') FROM '^([^,]+),{_REVERSED}'),
           substring(split_part(v.name ->> 'full', ',', 1) FROM '\S\s+(\S+)\s*$'))) AS family_name"""

# Most records of a store head their own profile, and an id is most of what a row weighs: where it
# is the record's own it is not sent.
EVERY_RECORD = f"""
SELECT s.record_uid, s.channel || ':' || s.record_key, channel.subject,
       {NAMES},
       v.birth_date, nullif(s.component_id, s.record_uid), nullif(s.profile_id, s.record_uid)
FROM source_record AS s JOIN channel USING (channel)
LEFT JOIN (
    SELECT DISTINCT ON (record_uid) record_uid, content -> 'traits' -> 'name' AS name,
           content -> 'traits' ->> 'birth_date' AS birth_date
    FROM record_version WHERE content -> 'traits' ?| ARRAY['name', 'birth_date']
    ORDER BY record_uid, observed_at DESC, recorded_at DESC, content_hash) AS v USING (record_uid)
"""
EVERY_IDENTIFIER = (
    "SELECT record_uid, namespace, value FROM record_identifier WHERE withdrawn_at IS NULL"
)
OF_COMPONENTS = """
INSERT INTO closure_record SELECT record_uid FROM source_record
WHERE component_id = ANY(CAST(:components AS uuid[]))"""

RECORDS = f"""
SELECT c.record_uid, coalesce(s.channel || ':' || s.record_key, f.channel || ':' || f.record_key),
       channel.subject,
       {NAMES},
       v.birth_date, s.component_id, s.profile_id
FROM closure_record AS c
LEFT JOIN source_record AS s USING (record_uid)
LEFT JOIN fresh_record AS f USING (record_uid)
JOIN channel ON channel.channel = coalesce(s.channel, f.channel)
LEFT JOIN (
    SELECT DISTINCT ON (record_uid) record_uid, content -> 'traits' -> 'name' AS name,
           content -> 'traits' ->> 'birth_date' AS birth_date
    FROM record_version WHERE record_uid IN (SELECT record_uid FROM closure_record)
      AND content -> 'traits' ?| ARRAY['name', 'birth_date']
    ORDER BY record_uid, observed_at DESC, recorded_at DESC, content_hash) AS v USING (record_uid)
"""
RECORD_COLUMNS = {
    "record_uid": pl.String,
    "record_key": pl.String,
    "subject": pl.String,
    "given_name": pl.String,
    "family_name": pl.String,
    "birth_date": pl.String,
    "component_before": pl.String,
    "profile_before": pl.String,
}
# With the number of records on which a value was blocked as junk.
IDENTIFIERS = """
SELECT i.record_uid, i.namespace, i.value, b.records
FROM closure_record AS c JOIN record_identifier AS i USING (record_uid)
LEFT JOIN identifier_block AS b ON b.namespace = i.namespace AND b.value = i.value
WHERE i.withdrawn_at IS NULL"""
IDENTIFIER_COLUMNS = {"record_uid": pl.String, "namespace": pl.String, "value": pl.String}
BLOCKED = "SELECT namespace, value, records FROM identifier_block"
BLOCKED_COLUMNS = {"namespace": pl.String, "value": pl.String, "records": pl.Int64}
LINKS = """
SELECT l.record_uid, l.other_uid, l.weight
FROM closure_record AS c JOIN probable_link AS l USING (record_uid) WHERE l.superseded_at IS NULL"""

LINK_COLUMNS = {
    "left": pl.String,
    "right": pl.String,
    "weight": pl.Float64,
}
DECISIONS = """
SELECT d.decision_id, d.kind, r.record_uid, r.side
FROM closure_record AS c JOIN decision_record AS r USING (record_uid)
JOIN identity_decision AS d USING (decision_id) WHERE d.revoked_at IS NULL"""
DECISION_COLUMNS = {
    "decision_id": pl.String,
    "kind": pl.String,
    "record_uid": pl.String,
    "side": pl.Int64,
}


@dataclass(frozen=True)
class Evidence:
    """What is to be clustered.

    records: record_uid, record_key, subject, given_name, family_name, birth_date,
        component_before, profile_before (the last two are missing in the evidence of a past time).
    identifiers: record_uid, namespace, value, the blocked ones among them.
    blocked: namespace, value, records of the values known as junk.
    links: left, right, weight of all scored pairs, however low the weight.
    decisions: decision_id, kind, record_uid, side.
    """

    records: pl.DataFrame
    identifiers: pl.DataFrame
    blocked: pl.DataFrame
    links: pl.DataFrame
    decisions: pl.DataFrame


def of_everything(tx: Connection) -> Evidence:
    """The evidence on all records of the store."""
    staging.prepare(tx)
    staging.truncate(tx, ("closure_record",))
    count = tx.execute(text(ALL)).rowcount
    read = _read(tx, count, EVERY_RECORD, EVERY_IDENTIFIER)
    own = pl.col("component_before", "profile_before").fill_null(pl.col("record_uid"))
    return replace(read, records=read.records.with_columns(own), blocked=blocked(tx))


def of_components(tx: Connection, components: Collection[UUID]) -> Evidence:
    """The evidence on the records of some components."""
    staging.prepare(tx)
    staging.truncate(tx, ("closure_record",))
    found = tx.execute(text(OF_COMPONENTS), {"components": list(components)})
    return of_closure(tx, found.rowcount)


def blocked(tx: Connection) -> pl.DataFrame:
    """The values known as junk: namespace, value, records."""
    return staging.copy_out(tx, BLOCKED, BLOCKED_COLUMNS)


def of_closure(tx: Connection, count: int) -> Evidence:
    """The evidence on the `count` records that `closure_record` holds."""
    found = _read(tx, count, RECORDS, IDENTIFIERS, IDENTIFIER_COLUMNS | {"records": pl.Int64})
    said = found.identifiers
    junk = said.filter(pl.col("records").is_not_null()).select(list(BLOCKED_COLUMNS)).unique()
    return replace(found, identifiers=said.drop("records"), blocked=junk)


def _read(
    tx: Connection,
    count: int,
    records_of: str,
    identifiers_of: str,
    identifier_columns: Mapping[str, staging.Kind] = IDENTIFIER_COLUMNS,
) -> Evidence:
    staging.analyze(tx, "closure_record")
    read = staging.reader(count)
    records = read(tx, records_of, RECORD_COLUMNS)
    return Evidence(
        records=records.with_columns(pl.col("birth_date").str.to_date(strict=False)),
        identifiers=read(tx, identifiers_of, identifier_columns),
        blocked=pl.DataFrame(schema=BLOCKED_COLUMNS),
        links=read(tx, LINKS, LINK_COLUMNS),
        decisions=read(tx, DECISIONS, DECISION_COLUMNS),
    )
