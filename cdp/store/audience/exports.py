"""Who of a crossing may be addressed, and what was handed on, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from cdp.errors import WebhookNotFound
from cdp.model.computed import KnownTrait
from cdp.store.database import driver
from cdp.store.profile.read import rows

# Of each person the first reason that stands against writing to them (cdp.model.audience.REASONS);
# what is shown of them is read only where there is none and they are not held out. The contact point
# is one said by a record that itself consented, if there is one, then the one said last.
JUDGED = """
WITH person AS (
    SELECT d.number, d.profile_id, d.traits, p.body
    FROM derived_profile AS d JOIN profile AS p USING (profile_id)
    WHERE d.number = ANY(%(numbers)s)),
member AS (
    SELECT r.profile_id, r.record_uid FROM source_record AS r
    WHERE r.profile_id = ANY(ARRAY(SELECT profile_id FROM person))),
held AS (
    SELECT m.profile_id, m.record_uid, i.namespace, i.value, i.observed_at
    FROM member AS m JOIN record_identifier AS i USING (record_uid) WHERE i.withdrawn_at IS NULL),
barred AS (
    SELECT DISTINCT held.profile_id FROM held JOIN suppression AS s USING (namespace, value)
    WHERE s.reason = 'do_not_contact'),
word AS (
    SELECT DISTINCT ON (m.record_uid) m.record_uid, c.state
    FROM member AS m JOIN record_consent AS c USING (record_uid)
    WHERE c.purpose = %(purpose)s AND c.medium = %(medium)s
    ORDER BY m.record_uid, c.observed_at DESC, c.recorded_at DESC, c.state = 'granted'),
point AS (
    SELECT DISTINCT ON (held.profile_id) held.profile_id, held.value
    FROM held LEFT JOIN word USING (record_uid)
    WHERE held.namespace = ANY(%(namespaces)s)
      AND NOT EXISTS (SELECT FROM suppression AS s
                      WHERE s.namespace = held.namespace AND s.value = held.value)
      AND NOT EXISTS (SELECT FROM identifier_block AS b
                      WHERE b.namespace = held.namespace AND b.value = held.value)
    ORDER BY held.profile_id, word.state = 'granted' DESC NULLS LAST, held.observed_at DESC,
             held.value),
reached AS (
    SELECT person.profile_id, person.number, person.traits, consent.state, barred.profile_id AS barred,
           CASE WHEN %(address)s THEN postal.line ELSE point.value END AS contact,
           CASE WHEN %(address)s THEN postal.line IS NOT NULL
                ELSE coalesce(person.body -> 'identifiers' ?| %(namespaces)s::text[], false)
                END AS known,
           coalesce(tried.bounced_at > coalesce(tried.reached_at, '-infinity'), false) AS bounced,
           %(key)s::bytea IS NOT NULL AND
               ('x' || encode(substr(sha256(%(key)s::bytea || uuid_send(person.profile_id)), 1, 4),
                              'hex'))::bit(32)::bigint < %(share)s::float8 * 4294967296 AS held_out
    FROM person LEFT JOIN barred USING (profile_id) LEFT JOIN point USING (profile_id)
    CROSS JOIN LATERAL (
        SELECT max(c ->> 'state') AS state
        FROM jsonb_array_elements(coalesce(person.body -> 'consents', '[]')) AS c
        WHERE c ->> 'purpose' = %(purpose)s AND c ->> 'medium' = %(medium)s) AS consent
    CROSS JOIN LATERAL (
        SELECT max((b ->> 'last_at')::timestamptz)
                   FILTER (WHERE b ->> 'kind' = ANY(%(bounced)s)) AS bounced_at,
               max((b ->> 'last_at')::timestamptz)
                   FILTER (WHERE b ->> 'kind' = ANY(%(reached)s)) AS reached_at
        FROM jsonb_array_elements(coalesce(person.body -> 'behaviour', '[]')) AS b) AS tried
    CROSS JOIN LATERAL (
        SELECT CASE WHEN a ? 'street' AND a ?| ARRAY['city', 'postcode'] THEN
            concat_ws(', ', a ->> 'street',
                      nullif(concat_ws(' ', a ->> 'postcode', a ->> 'city'), ''),
                      a ->> 'region', a ->> 'country') END AS line
        FROM (SELECT person.body #> '{{traits,address}}' AS a) AS said) AS postal),
judged AS (
    SELECT number, profile_id, traits, contact, held_out,
           CASE WHEN state IS NULL THEN 'not_asked'
                WHEN state <> 'granted' THEN state
                WHEN barred IS NOT NULL THEN 'do_not_contact'
                WHEN NOT known THEN 'no_contact_point'
                WHEN contact IS NULL OR bounced THEN 'undeliverable' END AS reason
    FROM reached)
SELECT {selected} FROM judged"""
COUNTED = (
    JUDGED.format(
        selected="coalesce(reason, CASE WHEN held_out THEN 'held_out' ELSE 'addressable' END), count(*)"
    )
    + " GROUP BY 1"
)
SHOWN = "CASE WHEN reason IS NULL AND NOT held_out THEN {value} END"
LIST = """(CASE jsonb_typeof({of}) WHEN 'array' THEN {of}
    ELSE nullif(jsonb_build_array({of}), '[null]') END)"""
VALUES = {"list": f"{LIST}::text", "object": "({of})::text"}
OF_TEXTS = f"(SELECT jsonb_agg(e #>> '{{{{}}}}') FROM jsonb_array_elements({LIST}) AS e)::text"

# Since an instant, whole ones: years by the calendar.
AGES = {
    "days": "floor(extract(epoch FROM %(now)s::timestamptz - {began}) / 86400)",
    "years": "extract(year FROM age((%(now)s::timestamptz AT TIME ZONE 'UTC')::date, {began}::date))",
}

START = """
INSERT INTO audience_export (export_id, audience_id, purpose, medium, crossing, format, target,
    fields, exported_by, as_of, state, ended_at, people, held_out, left_out, bytes, sha256)
VALUES (uuidv7(), %(audience_id)s, %(purpose)s, %(medium)s, %(crossing)s, %(format)s, %(target)s,
    %(fields)s, %(by)s, %(as_of)s, 'running', NULL, 0, 0, '{}', 0, NULL)
RETURNING export_id"""
END = """
UPDATE audience_export SET state = %(state)s, ended_at = %(at)s, people = %(people)s,
    held_out = %(held_out)s, left_out = %(left_out)s, bytes = %(bytes)s, sha256 = %(sha256)s
WHERE export_id = %(export_id)s"""
CONTACTS = """
INSERT INTO audience_contact (profile_id, export_id, arm, at)
SELECT profile_id, :export_id, arm, :at
FROM unnest(CAST(:people AS uuid[]), CAST(:arms AS text[])) AS page (profile_id, arm)"""
AUDIT = """
INSERT INTO audit_entry (entry_id, at, key_id, purpose, action, profile_id, request_id)
SELECT uuidv7(), :at, :by, :purpose, 'export audience', profile_id, :export_id
FROM unnest(CAST(:people AS uuid[])) AS page (profile_id)"""
EXPORTS = """
SELECT e.*, a.name AS audience FROM audience_export AS e JOIN audience AS a USING (audience_id)
WHERE (%(audience_id)s::uuid IS NULL OR e.audience_id = %(audience_id)s)
  AND (%(export_id)s::uuid IS NULL OR e.export_id = %(export_id)s)
ORDER BY e.as_of DESC, e.export_id DESC LIMIT %(limit)s"""
TARGET = """
SELECT url, secret FROM webhook
WHERE webhook_id = %s AND removed_at IS NULL AND kinds ? 'audience'"""


@dataclass(frozen=True)
class Rules:
    """By what it is judged whether somebody may be addressed; `key` and `share` of a hold-out."""

    purpose: str
    medium: str
    namespaces: Sequence[str]
    address: bool
    bounced: Sequence[str]
    reached: Sequence[str]
    key: bytes | None
    share: float

    def parameters(self, numbers: Sequence[int]) -> dict[str, Any]:
        """As the statements name them."""
        return {
            **vars(self),
            "numbers": list(numbers),
            "namespaces": list(self.namespaces),
            "bounced": list(self.bounced),
            "reached": list(self.reached),
        }


def counted(connection: psycopg.Connection, rules: Rules, numbers: Sequence[int]) -> dict[str, int]:
    """How many of these people are addressable or held_out, and the others by reason."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute(COUNTED.encode(), rules.parameters(numbers)).fetchall())


def judged(
    tx: Connection,
    rules: Rules,
    numbers: Sequence[int],
    fields: Sequence[KnownTrait],
    *,
    documents: bool,
    of_texts: bool,
    now: datetime,
) -> list[tuple[Any, ...]]:
    """(profile_id, reason, held_out, contact, each field as text) of these people, by number.

    `documents`: one JSON object a person instead of contact and fields; `of_texts`: the elements of
    lists are texts. Nothing is shown of those who have a reason or are held out.
    """
    parameters = rules.parameters(numbers) | {"now": now}
    for place, field in enumerate(fields):
        parameters |= {f"name{place}": field.name, f"of{place}": field.of}
    written = VALUES | {"list": OF_TEXTS} if of_texts else VALUES
    values = [
        _value(place, field, None if documents else written) for place, field in enumerate(fields)
    ]
    if documents:
        said = ["'profile_id', profile_id", "'contact', contact"]
        said += [f"%(name{place})s::text, {value}" for place, value in enumerate(values)]
        values = [f"jsonb_strip_nulls(jsonb_build_object({', '.join(said)}))::text"]
    else:
        values = ["contact", *values]
    selected = ["profile_id::text", "reason", "held_out", *(SHOWN.format(value=v) for v in values)]
    query = JUDGED.format(selected=", ".join(selected)) + " ORDER BY number"
    with driver(tx).cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()


def _value(place: int, field: KnownTrait, written: Mapping[str, str] | None) -> str:
    """The value of a field: as text, by its type as in `written`, or as it is kept."""
    if field.type == "age":
        began = f"(traits ->> %(of{place})s::text)::timestamptz"
        whole = f"{AGES[field.unit or 'days']}::bigint".format(began=began)
        return whole if written is None else f"({whole})::text"
    of = f"(traits -> %(name{place})s::text)"
    if written is None:
        return of
    return written.get(field.type, "{of} #>> '{{}}'").format(of=of)


def start(tx: Connection, **said: Any) -> UUID:
    """Note that an export begins; its id."""
    said["fields"] = Jsonb(list(said["fields"]))
    with driver(tx).cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(START.encode(), said).fetchone()
    assert found  # noqa: S101  an INSERT of one row returns it
    return found[0]


def contacted(
    tx: Connection,
    *,
    export_id: UUID,
    people: Sequence[tuple[str, str]],
    at: datetime,
    by: str,
    purpose: str,
) -> None:
    """Note who is addressed or held out (profile id, arm), and audit the former."""
    said = {"export_id": export_id, "at": at, "by": by, "purpose": purpose}
    ids, arms = [uid for uid, _ in people], [arm for _, arm in people]
    tx.execute(text(CONTACTS), said | {"people": ids, "arms": arms})
    shown = [uid for uid, arm in people if arm == "addressed"]
    tx.execute(text(AUDIT), said | {"people": shown})


def end(tx: Connection, **said: Any) -> None:
    """Note how an export ended."""
    said["left_out"] = Jsonb(dict(said["left_out"]))
    driver(tx).cursor().execute(END.encode(), said)


def exports(
    connection: psycopg.Connection,
    *,
    audience_id: UUID | None = None,
    export_id: UUID | None = None,
    limit: int = 1,
) -> list[dict[str, Any]]:
    """The exports, newest first; of one audience, or one."""
    asked = {"audience_id": audience_id, "export_id": export_id, "limit": limit}
    found = rows(connection, EXPORTS, asked)
    return [{key: value for key, value in row.items() if key != "audience_id"} for row in found]


def target(connection: psycopg.Connection, webhook_id: UUID) -> tuple[str, str]:
    """The address and the secret of a webhook. Raises WebhookNotFound."""
    found = rows(connection, TARGET, (webhook_id,))
    if not found:
        raise WebhookNotFound(
            "no webhook of the kind audience has that id; make one by `cdp webhook add --kind audience`"
        )
    return found[0]["url"], found[0]["secret"]
