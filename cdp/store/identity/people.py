"""What the records of people say that they are recognised by, read out for matching."""

from collections.abc import Collection
from uuid import UUID

import polars as pl
from psycopg import sql
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.database import driver
from cdp.store.profile.fold import FOREVER, STATEMENTS

# Records that said something more than once: of each trait the statement that stands is theirs.
TAKE_SEVERAL = """
INSERT INTO member (n, record_uid, channel, record_key, trust, subject, recorded_at)
SELECT 1, s.record_uid, s.channel, s.record_key, c.trust, c.subject, s.recorded_at
FROM (SELECT v.record_uid FROM record_version AS v WHERE :chosen
      GROUP BY v.record_uid HAVING count(*) > 1) AS several
JOIN source_record AS s USING (record_uid) JOIN channel AS c USING (channel)
WHERE c.subject = 'person'
"""
SAID = """
WITH :statements,
latest AS (
    SELECT v.record_uid, v.content -> 'traits' AS traits
    FROM record_version AS v JOIN source_record USING (record_uid) JOIN channel USING (channel)
    WHERE channel.subject = 'person' AND v.content -> 'traits' ?| ARRAY['name', 'birth_date']
      AND :chosen AND v.record_uid NOT IN (SELECT record_uid FROM member)
    UNION ALL
    SELECT record_uid, jsonb_object_agg(trait, value) FROM statement
    WHERE trait IN ('name', 'birth_date', 'address', 'gender') GROUP BY record_uid)
SELECT record_uid,
       nullif(concat_ws(' ', traits #>> '{name,given}', traits #>> '{name,middle}'), ''),
       traits #>> '{name,family}', traits #>> '{name,full}', traits ->> 'birth_date',
       traits #>> '{address,street}', traits #>> '{address,city}',
       traits #>> '{address,postcode}', traits ->> 'gender'
FROM latest
""".replace(":statements", STATEMENTS.replace(":as_of", f"'{FOREVER}'"))
COLUMNS = {
    "record_uid": pl.String,
    "given_name": pl.String,
    "family_name": pl.String,
    "full_name": pl.String,
    "birth_date": pl.String,
    "street": pl.String,
    "city": pl.String,
    "postcode": pl.String,
    "gender": pl.String,
}
NAMED = ("given_name", "family_name", "full_name", "birth_date")

CONTACTS = """
SELECT i.record_uid, i.value FROM record_identifier AS i
WHERE i.namespace = ANY(:namespaces) AND i.withdrawn_at IS NULL AND :chosen
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
        nothing is known. Of each trait what the record said last counts.
    """
    staging.prepare(tx)
    staging.truncate(tx, ("member",))
    chosen = _chosen(tx, "v", records)
    tx.exec_driver_sql(TAKE_SEVERAL.replace(":chosen", chosen))
    tx.execute(text("ANALYZE member"))
    told = staging.copy_out(tx, SAID.replace(":chosen", chosen), COLUMNS)
    named = told.filter(pl.any_horizontal(pl.col(*NAMED).is_not_null()))
    for column, namespaces in (("email", emails), ("phone", phones)):
        named = named.join(_contacts(tx, namespaces, column, records), on="record_uid", how="left")
    return named.sort("record_uid")


def _contacts(
    tx: Connection,
    namespaces: Collection[str],
    column: str,
    records: Collection[UUID | str] | None,
) -> pl.DataFrame:
    """record_uid and the list of its values in some namespaces."""
    query = CONTACTS.replace(":namespaces", _literal(tx, sorted(namespaces), "text[]"))
    query = query.replace(":chosen", _chosen(tx, "i", records))
    found = staging.copy_out(tx, query, CONTACT_COLUMNS)
    return found.sort("value").group_by("record_uid").agg(pl.col("value").alias(column))


def _chosen(tx: Connection, table: str, records: Collection[UUID | str] | None) -> str:
    if records is None:
        return "true"
    return f"{table}.record_uid = ANY({_literal(tx, sorted(map(str, records)), 'uuid[]')})"


def _literal(tx: Connection, values: list[str], kind: str) -> str:
    """COPY takes no parameters: the values are written into the query, quoted by the driver."""
    return f"{sql.Literal(values).as_string(driver(tx))}::{kind}"
