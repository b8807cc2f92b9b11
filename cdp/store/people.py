"""What the records of people say that they are recognised by, read out for matching."""

from collections.abc import Collection
from uuid import UUID

import polars as pl
from psycopg import sql
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.database import driver

# Each trait with the columns it is taken apart into; all of a trait come from one statement.
PARTS = {
    "name": ("given_name", "family_name", "full_name"),
    "birth_date": ("birth_date",),
    "address": ("street", "city", "postcode"),
    "gender": ("gender",),
}
# Every version, a line each: which statement of a trait is the newest is found without sorting in
# Postgres, since nearly all records have one version.
VERSIONS = """
SELECT v.record_uid, v.observed_at, v.recorded_at, v.content_hash,
       (traits ? 'name')::int, (traits ? 'birth_date')::int, (traits ? 'address')::int,
       (traits ? 'gender')::int,
       nullif(concat_ws(' ', traits #>> '{{name,given}}', traits #>> '{{name,middle}}'), ''),
       traits #>> '{{name,family}}', traits #>> '{{name,full}}', traits ->> 'birth_date',
       traits #>> '{{address,street}}', traits #>> '{{address,city}}', traits #>> '{{address,postcode}}',
       traits ->> 'gender'
FROM record_version AS v JOIN source_record USING (record_uid) JOIN channel USING (channel),
LATERAL (SELECT v.content -> 'traits' AS traits) AS said
WHERE channel.subject = 'person' AND traits ?| ARRAY['name', 'birth_date', 'address', 'gender']
  AND {chosen}
"""
STAMP = ("observed_at", "recorded_at", "content_hash")
COLUMNS = dict.fromkeys(
    (
        "record_uid",
        *STAMP,
        *(f"says_{trait}" for trait in PARTS),
        *(part for parts in PARTS.values() for part in parts),
    ),
    pl.String,
)

CONTACTS = """
SELECT i.record_uid, i.value FROM record_identifier AS i
WHERE i.namespace = ANY({namespaces}) AND i.withdrawn_at IS NULL AND {chosen}
  AND NOT EXISTS (SELECT FROM identifier_block AS b
                  WHERE b.namespace = i.namespace AND b.value = i.value)
"""
CONTACT_COLUMNS = {"record_uid": pl.String, "value": pl.String}


def snapshot(tx: Connection) -> None:
    """Let all that this transaction reads be of one moment; its first statement."""
    tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def people(
    tx: Connection,
    emails: Collection[str],
    phones: Collection[str],
    records: Collection[UUID | str] | None = None,
) -> pl.DataFrame:
    """What is known of every record of a person that gives a name or a birth date.

    Args:
        tx: where to read.
        emails: the namespaces of e-mail addresses.
        phones: the namespaces of telephone numbers.
        records: their uids; None: of all.

    Returns:
        record_uid, given_name (with middle names), family_name, full_name, birth_date (as said),
        street, city, postcode, gender, email and phone (lists of normalised values); null where
        nothing is known. Of each trait the newest statement counts.
    """
    versions = VERSIONS.format(chosen=_chosen(tx, "v", records))
    told = newest(staging.copy_out(tx, versions, COLUMNS))
    named = told.filter(
        pl.any_horizontal(pl.col(*PARTS["name"], *PARTS["birth_date"]).is_not_null())
    )
    for column, namespaces in (("email", emails), ("phone", phones)):
        named = named.join(_contacts(tx, namespaces, column, records), on="record_uid", how="left")
    return named.sort("record_uid")


def newest(versions: pl.DataFrame) -> pl.DataFrame:
    """Of each record one row: the newest statement of each trait, null where it was taken back."""
    several = versions["record_uid"].is_duplicated()
    parts = [part for parts in PARTS.values() for part in parts]
    last = (
        versions.filter(several)
        .sort(*STAMP, descending=[False, False, True])
        .group_by("record_uid", maintain_order=True)
        .agg(
            pl.col(part).filter(pl.col(f"says_{trait}") == "1").last()
            for trait, parts in PARTS.items()
            for part in parts
        )
    )
    return pl.concat([versions.filter(~several).select("record_uid", *parts), last])


def _contacts(
    tx: Connection,
    namespaces: Collection[str],
    column: str,
    records: Collection[UUID | str] | None,
) -> pl.DataFrame:
    """record_uid and the list of its values in some namespaces."""
    query = CONTACTS.format(
        namespaces=_literal(tx, sorted(namespaces), "text[]"), chosen=_chosen(tx, "i", records)
    )
    found = staging.copy_out(tx, query, CONTACT_COLUMNS)
    return found.group_by("record_uid").agg(pl.col("value").sort().alias(column))


def _chosen(tx: Connection, table: str, records: Collection[UUID | str] | None) -> str:
    if records is None:
        return "true"
    return f"{table}.record_uid = ANY({_literal(tx, sorted(map(str, records)), 'uuid[]')})"


def _literal(tx: Connection, values: list[str], kind: str) -> str:
    """COPY takes no parameters: the values are written into the query, quoted by the driver."""
    return f"{sql.Literal(values).as_string(driver(tx))}::{kind}"
