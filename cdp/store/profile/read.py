"""Reading: identifier to profile, timeline, records, search and figures."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

# One round trip. The subqueries are uncorrelated, each keyed by its own table's scope.
FIND = """
SELECT profile_id, body::text FROM profile WHERE profile_id = ANY(ARRAY(
    SELECT profile_id FROM source_record WHERE record_uid = ANY(ARRAY(
        SELECT record_uid FROM record_identifier
        WHERE namespace = %s AND value = %s AND withdrawn_at IS NULL LIMIT 1000))))
ORDER BY profile_id LIMIT 100"""

BY_ID = "SELECT profile_id, body::text FROM profile WHERE profile_id = %s"
BY_RECORD = """
SELECT profile_id, body::text FROM profile WHERE profile_id = (
    SELECT profile_id FROM source_record WHERE record_uid = %s)"""

MEMBERS = """
SELECT record_uid FROM source_record
WHERE profile_id = (SELECT profile_id FROM source_record WHERE record_uid = %s)"""

RECORDS = """
SELECT r.record_uid, r.channel, r.record_key, r.recorded_at,
    ARRAY(SELECT jsonb_build_object('namespace', i.namespace, 'value', i.value,
              'observed_at', i.observed_at, 'recorded_at', i.recorded_at)
          FROM record_identifier AS i WHERE i.record_uid = r.record_uid AND i.withdrawn_at IS NULL
          ORDER BY i.namespace, i.value) AS identifiers,
    ARRAY(SELECT jsonb_build_object('observed_at', v.observed_at, 'recorded_at', v.recorded_at,
              'content', v.content)
          FROM record_version AS v WHERE v.record_uid = r.record_uid
          ORDER BY v.observed_at, v.recorded_at) AS versions,
    ARRAY(SELECT to_jsonb(c) - 'record_uid' FROM record_consent AS c
          WHERE c.record_uid = r.record_uid ORDER BY purpose, medium, observed_at) AS consents,
    ARRAY(SELECT to_jsonb(m) - ARRAY['record_uid', 'statement_id'] FROM record_membership AS m
          WHERE m.record_uid = r.record_uid ORDER BY organisation, since) AS memberships,
    ARRAY(SELECT jsonb_build_object('namespace', a.account_namespace, 'key', a.account_key,
              'role', a.role, 'since', a.since, 'until', a.until,
              'recorded_at', a.recorded_at)
          FROM record_account AS a WHERE a.record_uid = r.record_uid
          ORDER BY account_namespace, account_key) AS accounts
FROM source_record AS r WHERE r.record_uid = ANY(%s) ORDER BY r.record_uid"""

# Each record's newest events from its own index, then the newest of all.
TIMELINE = """
SELECT e.event_id, e.record_uid, r.channel, e.kind, e.occurred_at, e.recorded_at, e.order_id,
       e.product, e.category, e.quantity, e.amount, e.discount, e.currency, e.score, e.properties
FROM source_record AS r CROSS JOIN LATERAL (
    SELECT * FROM event WHERE event.record_uid = r.record_uid
      AND occurred_at >= %(since)s AND occurred_at < %(until)s
      AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s))
      AND (occurred_at, event_id) {beyond} (%(at)s, %(event_id)s)
    ORDER BY occurred_at {order}, event_id {order} LIMIT %(limit)s) AS e
WHERE r.record_uid = ANY(%(records)s)
ORDER BY e.occurred_at {order}, e.event_id {order} LIMIT %(limit)s"""
NEWEST_FIRST = TIMELINE.format(beyond="<", order="DESC")
OLDEST_FIRST = TIMELINE.format(beyond=">", order="ASC")

OWNERS = """
SELECT DISTINCT profile_id FROM source_record WHERE record_uid = ANY(ARRAY(
    SELECT record_uid FROM record_identifier
    WHERE namespace = %s AND value = %s AND withdrawn_at IS NULL LIMIT 1000))
ORDER BY profile_id LIMIT 100"""
IDENTIFIERS = """
SELECT i.namespace, i.value, array_agg(DISTINCT r.channel ORDER BY r.channel) AS channels,
       min(i.observed_at) AS observed_at, min(i.recorded_at) AS recorded_at
FROM source_record AS r JOIN record_identifier AS i USING (record_uid)
WHERE r.record_uid = ANY(%s) AND i.withdrawn_at IS NULL
GROUP BY i.namespace, i.value ORDER BY i.namespace, i.value"""
HELD = """
SELECT record_uid, namespace, value FROM record_identifier
WHERE record_uid = ANY(%s) AND withdrawn_at IS NULL ORDER BY record_uid, namespace, value"""
METADATA = """
SELECT p.changed_at,
       (SELECT channel FROM source_record WHERE profile_id = %(profile_id)s
        ORDER BY recorded_at, record_uid LIMIT 1) AS first,
       (SELECT channel FROM source_record WHERE profile_id = %(profile_id)s
        ORDER BY recorded_at DESC, record_uid DESC LIMIT 1) AS last
FROM profile AS p WHERE p.profile_id = %(profile_id)s"""
# A company is named as its channel spells it; that may differ from the normalised identifier.
PEOPLE = """
SELECT DISTINCT r.profile_id, a.role, a.since
FROM record_account AS a JOIN source_record AS r USING (record_uid)
WHERE (a.account_namespace, a.account_key) IN (
    SELECT i.namespace, spelt.key
    FROM record_identifier AS i CROSS JOIN LATERAL (
        SELECT i.value AS key
        UNION SELECT jsonb_path_query(v.content, '$.identifiers.*[*]') #>> '{}'
        FROM record_version AS v WHERE v.record_uid = i.record_uid) AS spelt
    WHERE i.record_uid = ANY(%s) AND i.withdrawn_at IS NULL)
ORDER BY 1, 2, 3 LIMIT %s"""

MANY_IDS = """
SELECT said.n, p.body::text
FROM unnest(%s::bigint[], %s::uuid[]) AS said (n, uid)
JOIN source_record AS r ON r.record_uid = said.uid JOIN profile AS p USING (profile_id)"""
MANY_PAIRS = """
SELECT owner.n, p.body::text
FROM (SELECT DISTINCT said.n, r.profile_id
      FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS said (n, namespace, value)
      JOIN record_identifier AS i ON i.namespace = said.namespace COLLATE "C"
           AND i.value = said.value COLLATE "C" AND i.withdrawn_at IS NULL
      JOIN source_record AS r USING (record_uid)) AS owner
JOIN profile AS p USING (profile_id) ORDER BY owner.n, owner.profile_id"""

SEARCH = """
SELECT body::text FROM (
    SELECT body, profile_id, word_similarity(%(text)s, search_text) AS likeness
    FROM profile WHERE search_text %%> ALL(%(words)s::text[])
    ORDER BY likeness DESC, profile_id LIMIT %(limit)s) AS found
ORDER BY likeness DESC, profile_id"""
# Below this share of common trigrams a word is another word; two typos in eight letters pass.
LIKENESS = "SELECT set_config('pg_trgm.word_similarity_threshold', '0.4', false)"

CHANNELS = """
SELECT c.channel, c.subject, c.synthetic,
    (SELECT count(*) FROM source_record AS r WHERE r.channel = c.channel) AS records,
    coalesce(d.deliveries, 0) AS deliveries, coalesce(d.rows_read, 0) AS rows_read,
    coalesce(d.rows_accepted, 0) AS rows_accepted,
    coalesce(d.rows_quarantined, 0) AS rows_quarantined, d.landed_at,
    (SELECT count(*) FROM quarantine AS q WHERE q.channel = c.channel AND q.state = 'open')
        AS open_quarantine
FROM channel AS c LEFT JOIN (
    SELECT channel, count(*) AS deliveries, sum(rows_read)::bigint AS rows_read,
           sum(rows_accepted)::bigint AS rows_accepted,
           sum(rows_quarantined)::bigint AS rows_quarantined, max(recorded_at) AS landed_at
    FROM delivery GROUP BY channel) AS d USING (channel)
ORDER BY c.channel"""

EVENTS_BY_KIND = """
SELECT r.channel, a.kind, nullif(a.currency, '') AS currency, sum(a.events)::bigint AS events,
       sum(a.amount) AS amount, sum(a.discount) AS discount, sum(a.scores)::bigint AS scores,
       round(sum(a.score)::numeric, 6)::float8 AS score,
       min(a.first_at) AS first_at, max(a.last_at) AS last_at
FROM record_aggregate AS a JOIN source_record AS r USING (record_uid)
GROUP BY r.channel, a.kind, a.currency ORDER BY r.channel, a.kind, a.currency"""

CLUSTERS = """
SELECT count(*) FILTER (WHERE subject = 'person') AS persons,
       count(*) FILTER (WHERE subject = 'account') AS accounts, coalesce(sum(records), 0)::bigint AS records,
       coalesce(max(records), 0) AS largest FROM profile"""
LOG = "SELECT action, count(*) AS entries FROM identity_log GROUP BY action"
BY_KEY = """
SELECT body::text FROM profile WHERE profile_id = ANY(ARRAY(
    SELECT profile_id FROM source_record WHERE record_uid = ANY(ARRAY(
        SELECT record_uid FROM record_key WHERE channel = %s AND record_key = %s))))"""
PAGE = """
SELECT profile_id, body::text FROM profile
WHERE profile_id > %(after)s AND (%(subject)s::text IS NULL OR subject = %(subject)s)
ORDER BY profile_id LIMIT %(limit)s"""
STALE = """
SELECT count(*) AS stale
FROM (SELECT profile_id FROM touched_profile UNION SELECT profile_id FROM stale_profile) AS waiting"""


def body_of_record(connection: psycopg.Connection, channel: str, record_key: str) -> str | None:
    """The body (JSON text) of the profile of a channel's record, by the channel's own key."""
    row = connection.execute(BY_KEY, (channel, record_key), prepare=True).fetchone()
    return row[0] if row else None


def page(
    connection: psycopg.Connection, after: UUID, subject: str | None, limit: int
) -> list[tuple[UUID, str]]:
    """Ids and bodies of the next `limit` profiles after an id."""
    found = connection.execute(PAGE, {"after": after, "subject": subject, "limit": limit})
    return found.fetchall()


def bodies_by_id(connection: psycopg.Connection, ids: Mapping[int, UUID]) -> list[tuple[int, str]]:
    """The bodies of many ids, each with its number."""
    return connection.execute(MANY_IDS, (list(ids), list(ids.values()))).fetchall()


def bodies_by_pair(
    connection: psycopg.Connection, pairs: Mapping[int, tuple[str, str]]
) -> list[tuple[int, str]]:
    """The bodies of the carriers of many identifiers (namespace, value), each with its number."""
    namespaces, values = zip(*pairs.values(), strict=True) if pairs else ((), ())
    said = (list(pairs), list(namespaces), list(values))
    return connection.execute(MANY_PAIRS, said).fetchall()


def bodies_like(connection: psycopg.Connection, words: Sequence[str], limit: int) -> list[str]:
    """The bodies of the profiles whose names, contact points and city hold words like these."""
    with connection.transaction():
        connection.execute(LIKENESS)
        rows = connection.execute(
            SEARCH, {"text": " ".join(words), "words": list(words), "limit": limit}
        )
        return [row[0] for row in rows.fetchall()]


def members(connection: psycopg.Connection, any_uid: UUID) -> list[UUID]:
    """The uids of all records of the profile that `any_uid`, one of them, belongs to."""
    return [row[0] for row in connection.execute(MEMBERS, (any_uid,)).fetchall()]


def rows(
    connection: psycopg.Connection, query: str, parameters: Any = None
) -> list[dict[str, Any]]:
    """The rows of one of this module's queries as dictionaries."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]


def owners(connection: psycopg.Connection, namespace: str, value: str) -> list[UUID]:
    """The ids of the profiles that carry a normalised identifier."""
    return [row[0] for row in connection.execute(OWNERS, (namespace, value), prepare=True)]


def timeline(
    connection: psycopg.Connection,
    records: Sequence[UUID],
    *,
    since: datetime,
    until: datetime,
    kinds: Sequence[str] | None,
    limit: int,
    after: tuple[datetime, UUID],
    oldest_first: bool = False,
) -> list[dict[str, Any]]:
    """The next `limit` events of these records in [since, until) beyond `after`: time and id."""
    parameters = {
        "records": list(records),
        "since": since,
        "until": until,
        "kinds": list(kinds) if kinds else None,
        "limit": limit,
        "at": after[0],
        "event_id": after[1],
    }
    return rows(connection, OLDEST_FIRST if oldest_first else NEWEST_FIRST, parameters)
