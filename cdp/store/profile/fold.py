"""The fold in SQL: what the records of a profile say becomes one body, now or as of a time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.profile import changes, folded

# What was touched is noted without a key, and becomes a queue of profiles, each once. One that waits
# already gets a new version of its row: who is folding it is waited for, so that this fold sees more.
QUEUED = """
INSERT INTO stale_profile (profile_id) SELECT DISTINCT profile_id FROM taken ORDER BY 1
ON CONFLICT (profile_id) DO UPDATE SET profile_id = excluded.profile_id"""
QUEUE = f"WITH taken AS (DELETE FROM touched_profile RETURNING profile_id) {QUEUED}"
QUEUE_THESE = f"""
WITH taken AS (
    DELETE FROM touched_profile WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM touched_profile WHERE profile_id = ANY(CAST(:profile_ids AS uuid[]))
        FOR UPDATE SKIP LOCKED))
    RETURNING profile_id) {QUEUED}"""
# `folding` numbers the profiles at hand; `member` holds their records.
TAKE_STALE = """
WITH taken AS (
    DELETE FROM stale_profile WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM stale_profile ORDER BY profile_id LIMIT :limit
        FOR UPDATE SKIP LOCKED))
    RETURNING profile_id)
INSERT INTO folding (n, profile_id) SELECT row_number() OVER (ORDER BY profile_id), profile_id FROM taken"""
TAKE_THESE = """
WITH taken AS (
    DELETE FROM stale_profile WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM stale_profile WHERE profile_id = ANY(CAST(:profile_ids AS uuid[]))
        FOR UPDATE SKIP LOCKED))
    RETURNING profile_id)
INSERT INTO folding (n, profile_id) SELECT row_number() OVER (ORDER BY profile_id), profile_id FROM taken"""
TAKE_MEMBERS = """
INSERT INTO member (n, record_uid, channel, record_key, trust, subject, recorded_at)
SELECT f.n, r.record_uid, r.channel, r.record_key, c.trust, c.subject, r.recorded_at
FROM folding AS f JOIN source_record AS r USING (profile_id) JOIN channel AS c USING (channel)"""
TAKE_ONE = "INSERT INTO folding (n, profile_id) VALUES (1, :profile_id)"
TAKE_GIVEN = """
INSERT INTO member (n, record_uid, channel, record_key, trust, subject, recorded_at)
SELECT 1, r.record_uid, r.channel, r.record_key, c.trust, c.subject, r.recorded_at
FROM source_record AS r JOIN channel AS c USING (channel)
WHERE r.record_uid = ANY(CAST(:record_uids AS uuid[]))"""

# What each record says last of each trait; a null takes back what it said before. Records with one
# version, nearly all, need no sorting. An object is a field group: a version that says some of its
# fields leaves the others as they were; fields without a value are left out, and without any there
# is no value. `breaks` counts, from the newest version down, those that say no fields.
STATEMENTS = """
version AS (
    SELECT m.n, m.record_uid, m.trust, v.content -> 'traits' AS traits, v.observed_at,
           v.recorded_at, v.content_hash, count(*) OVER (PARTITION BY m.record_uid) AS versions
    FROM member AS m JOIN record_version AS v USING (record_uid) WHERE v.recorded_at <= :as_of),
told AS (
    SELECT n, record_uid, trust, key AS trait, value, observed_at, recorded_at,
           row_number() OVER newest AS age,
           count(*) FILTER (WHERE jsonb_typeof(value) <> 'object' OR key LIKE 'custom.%')
               OVER newest AS breaks
    FROM version, jsonb_each(traits) WHERE versions > 1
    WINDOW newest AS (PARTITION BY record_uid, key
                      ORDER BY observed_at DESC, recorded_at DESC, content_hash)),
field_group AS (
    SELECT record_uid, trait, jsonb_object_agg(key, field.value ORDER BY age DESC) AS value
    FROM told, jsonb_each(CASE breaks WHEN 0 THEN told.value ELSE '{}' END) AS field
    GROUP BY record_uid, trait),
said AS (
    SELECT n, record_uid, trust, key AS trait, value, observed_at, recorded_at
    FROM version, jsonb_each(traits) WHERE versions = 1
    UNION ALL
    SELECT n, record_uid, trust, trait, coalesce(field_group.value, told.value), observed_at,
           recorded_at
    FROM told LEFT JOIN field_group USING (record_uid, trait) WHERE age = 1),
statement AS (
    SELECT n, record_uid, trust, trait, observed_at, recorded_at,
           CASE jsonb_typeof(value) WHEN 'object' THEN jsonb_strip_nulls(value) ELSE value END AS value
    FROM said WHERE value NOT IN ('null', '{}'))"""

# Survivorship is this ORDER BY; ties end at the value itself, so that equal inputs give equal
# profiles. Only `most_frequent` has to count who says the same.
TRAITS = """
ruled AS (
    SELECT n, statement.trait, value, trust, observed_at, policy.rule
    FROM statement LEFT JOIN unnest(CAST(:traits AS text[]), CAST(:rules AS text[]))
        AS policy (trait, rule) ON policy.trait = statement.trait
    WHERE value <> '{}'),
candidate AS (
    SELECT n, trait, value, trust, observed_at, rule, 1 AS records
    FROM ruled WHERE rule IS NULL OR rule NOT IN ('most_frequent', 'union')
    UNION ALL
    SELECT n, trait, value, max(trust), max(observed_at), rule, count(*)
    FROM ruled WHERE rule = 'most_frequent' GROUP BY n, trait, value, rule),
survivor AS (
    SELECT DISTINCT ON (n, trait COLLATE "C") n, trait, value FROM candidate
    ORDER BY n, trait COLLATE "C",
        CASE rule WHEN 'trusted' THEN trust WHEN 'most_frequent' THEN records
                  WHEN 'most_complete' THEN length(value::text) END DESC NULLS LAST,
        CASE rule WHEN 'min' THEN value END, CASE rule WHEN 'max' THEN value END DESC NULLS LAST,
        observed_at DESC, trust DESC, value),
united AS (
    SELECT n, trait, jsonb_agg(DISTINCT element ORDER BY element) AS value
    FROM ruled, jsonb_array_elements(CASE jsonb_typeof(value) WHEN 'array' THEN value
                                     ELSE jsonb_build_array(value) END) AS part (element)
    WHERE rule = 'union' GROUP BY n, trait),
-- A steward's word stands above every source; it belongs to a record and goes where that goes.
rectified AS (
    SELECT DISTINCT ON (m.n, r.trait) m.n, r.trait, r.value
    FROM member AS m JOIN rectification AS r USING (record_uid)
    WHERE r.decided_at <= :as_of AND (r.withdrawn_at IS NULL OR r.withdrawn_at > :as_of)
    ORDER BY m.n, r.trait, r.decided_at DESC, r.record_uid),
kept AS (
    SELECT * FROM (SELECT * FROM survivor UNION ALL SELECT * FROM united) AS folded
    WHERE NOT EXISTS (SELECT FROM rectified AS r WHERE r.n = folded.n AND r.trait = folded.trait)
    UNION ALL SELECT * FROM rectified WHERE value <> 'null'),
trait_doc AS (
    SELECT n, string_agg(to_json(trait)::text || ':' || value::text, ',') AS traits,
           string_agg(CASE trait
               WHEN 'name' THEN concat_ws(' ', value ->> 'given', value ->> 'family', value ->> 'full')
               WHEN 'address' THEN value ->> 'city'
               WHEN 'company_name' THEN value #>> '{}' END, ' ') AS words
    FROM kept GROUP BY n)"""

NOW_AGGREGATES = """
SELECT m.n, a.kind, a.currency, a.events, a.amount, a.discount, a.scores, a.score, a.first_at,
       a.last_at
FROM member AS m JOIN record_aggregate AS a USING (record_uid)"""
# The past has no aggregates of its own: its events are counted, those corrected since as they were.
PAST_AGGREGATES = """
SELECT m.n, e.kind, coalesce(e.currency, '') AS currency, 1 AS events,
       coalesce(e.amount, 0) AS amount, coalesce(e.discount, 0) AS discount,
       (e.score IS NOT NULL)::int AS scores, coalesce(e.score, 0) AS score,
       e.occurred_at AS first_at, e.occurred_at AS last_at
FROM member AS m JOIN (
    SELECT * FROM event WHERE recorded_at <= :as_of
    UNION ALL
    SELECT (jsonb_populate_record(NULL::event, r.event)).* FROM event_revision AS r
    WHERE r.recorded_at <= :as_of AND r.superseded_at > :as_of) AS e USING (record_uid)"""

# Bodies are put together as text and parsed once: building jsonb piece by piece is slower (see
# DECISIONS.md). Ids that machines made up are found whole, by `find`: in the search text their
# letters would double the work of its index. Scores are rounded because sums of fractions depend on their order.
FOLDED = """
WITH {statements}, {traits},
identifier_doc AS (
    SELECT n, string_agg('"' || namespace || '":[' || held || ']', ',') AS identifiers,
           string_agg(words, ' ' ORDER BY namespace COLLATE "C")
               FILTER (WHERE namespace NOT IN ('anonymous_id', 'cookie_id', 'device_id')) AS words
    FROM (SELECT n, namespace,
                 string_agg(to_json(value)::text, ',' ORDER BY value COLLATE "C") AS held,
                 string_agg(value, ' ' ORDER BY value COLLATE "C") AS words
          FROM (SELECT DISTINCT m.n, i.namespace, i.value
                FROM member AS m JOIN record_identifier AS i USING (record_uid)
                WHERE i.recorded_at <= :as_of
                  AND (i.withdrawn_at IS NULL OR i.withdrawn_at > :as_of)) AS distinct_value
          GROUP BY n, namespace) AS by_namespace
    GROUP BY n),
behaviour_doc AS (
    SELECT n, string_agg('{{"kind":"' || kind
               || CASE currency WHEN '' THEN '' ELSE '","currency":"' || currency END
               || '","events":' || events || ',"amount":' || amount || ',"discount":' || discount
               || ',"scores":' || scores || ',"score":' || round(score::numeric, 6)
               || ',"first_at":' || to_json(first_at)::text
               || ',"last_at":' || to_json(last_at)::text || '}}',
               ',' ORDER BY kind COLLATE "C", currency COLLATE "C") AS behaviour
    FROM (SELECT n, kind, currency, sum(events) AS events, sum(amount) AS amount,
                 sum(discount) AS discount, sum(scores) AS scores, sum(score) AS score,
                 min(first_at) AS first_at, max(last_at) AS last_at
          FROM ({aggregates}) AS part GROUP BY n, kind, currency) AS whole
    GROUP BY n),
-- Of each record the latest word, of several records the strictest: joining two records never
-- turns a refusal into a consent.
consent_doc AS (
    SELECT n, json_agg(json_build_object('purpose', purpose, 'medium', medium, 'state', state,
               'observed_at', observed_at) ORDER BY purpose COLLATE "C", medium COLLATE "C")::text AS consents
    FROM (SELECT DISTINCT ON (n, purpose, medium) * FROM (
            SELECT DISTINCT ON (m.record_uid, c.purpose, c.medium)
                   m.n, c.purpose, c.medium, c.state, c.observed_at
            FROM member AS m JOIN record_consent AS c USING (record_uid)
            WHERE c.recorded_at <= :as_of
            ORDER BY m.record_uid, c.purpose, c.medium, c.observed_at DESC, c.recorded_at DESC,
                     c.state = 'granted', c.state) AS latest
          ORDER BY n, purpose, medium, state = 'granted', observed_at DESC, state) AS strictest
    GROUP BY n),
membership_doc AS (
    SELECT n, json_agg(json_build_object('organisation', organisation, 'kind', kind, 'role', role,
               'since', since, 'until', until)
               ORDER BY organisation COLLATE "C", kind COLLATE "C", role COLLATE "C", since)::text
               AS memberships
    FROM (SELECT m.n, organisation, kind, role, since, max(until) AS until
          FROM member AS m JOIN record_membership AS s USING (record_uid)
          WHERE s.recorded_at <= :as_of GROUP BY m.n, organisation, kind, role, since) AS membership
    GROUP BY n),
account_doc AS (
    SELECT n, json_agg(json_build_object('namespace', account_namespace, 'key', account_key,
               'role', role, 'since', since, 'until', until)
               ORDER BY account_namespace COLLATE "C", account_key COLLATE "C", role COLLATE "C", since)::text
               AS accounts
    FROM (SELECT m.n, account_namespace, account_key, role, since, max(until) AS until
          FROM member AS m JOIN record_account AS s USING (record_uid)
          WHERE s.recorded_at <= :as_of
          GROUP BY m.n, account_namespace, account_key, role, since) AS account
    GROUP BY n),
head AS (
    SELECT n, min(subject) AS subject, count(*) AS records, min(recorded_at) AS created_at,
           array_to_json(array_agg(DISTINCT channel ORDER BY channel))::text AS channels
    FROM member GROUP BY n)
SELECT folding.profile_id, head.subject, head.records,
    '{{"profile_id":"' || folding.profile_id || '","subject":"' || head.subject
    || '","created_at":' || to_json(head.created_at)::text || ',"records":' || head.records
    || ',"channels":' || head.channels
    || ',"traits":{{' || coalesce(traits, '') || '}}'
    || coalesce(',"identifiers":{{' || identifiers || '}}', '')
    || coalesce(',"behaviour":[' || behaviour || ']', '')
    || coalesce(',"consents":' || consents, '')
    || coalesce(',"memberships":' || memberships, '')
    || coalesce(',"accounts":' || accounts, '') || '}}' AS body,
    lower(concat_ws(' ', trait_doc.words, identifier_doc.words) COLLATE "pg_c_utf8") AS search_text
FROM folding JOIN head USING (n)
LEFT JOIN trait_doc USING (n) LEFT JOIN identifier_doc USING (n)
LEFT JOIN behaviour_doc USING (n) LEFT JOIN consent_doc USING (n)
LEFT JOIN membership_doc USING (n) LEFT JOIN account_doc USING (n)"""


def _folded(aggregates: str) -> str:
    return FOLDED.format(statements=STATEMENTS, traits=TRAITS, aggregates=aggregates)


WRITE_PROFILES = f"""
WITH written AS (
    INSERT INTO profile (profile_id, subject, records, body, search_text, changed_at)
    SELECT profile_id, subject, records, CAST(body AS jsonb), search_text, :changed_at
    FROM ({_folded(NOW_AGGREGATES)}) AS folded ORDER BY profile_id
    ON CONFLICT (profile_id) DO UPDATE
        SET subject = excluded.subject, records = excluded.records, body = excluded.body,
            search_text = excluded.search_text, changed_at = excluded.changed_at
        WHERE profile.body IS DISTINCT FROM excluded.body
    RETURNING profile_id)
INSERT INTO changed_profile SELECT profile_id FROM written"""
DROP_EMPTY = """
WITH dropped AS (
    DELETE FROM profile WHERE profile_id IN (
        SELECT profile_id FROM folding
        WHERE NOT EXISTS (SELECT FROM member WHERE member.n = folding.n))
    RETURNING profile_id)
INSERT INTO changed_profile SELECT profile_id FROM dropped"""

READ_BODY = f"SELECT CAST(body AS jsonb)::text FROM ({_folded(PAST_AGGREGATES)}) AS folded"
READ_STATEMENTS = f"""
WITH {STATEMENTS}
SELECT trait, value, m.channel, m.record_key, record_uid, statement.trust, observed_at,
       statement.recorded_at
FROM statement JOIN member AS m USING (record_uid)
WHERE (CAST(:trait AS text) IS NULL OR trait = :trait) AND value <> '{{}}'
ORDER BY observed_at DESC, statement.trust DESC, record_uid"""

FOREVER = "infinity"


def queue(tx: Connection) -> None:
    """Queue the profiles that were touched, as others may take them once this has ended."""
    tx.execute(text(QUEUE))


def fold_stale(
    tx: Connection, *, limit: int, rules: Mapping[str, str], changed_at: datetime
) -> tuple[int, int]:
    """Fold up to `limit` queued profiles: how many were taken from the queue, how many changed.

    `rules` names the survivorship rule of each declared trait; others take the newest.
    """
    staging.prepare(tx)
    taken = tx.execute(text(TAKE_STALE), {"limit": limit}).rowcount
    changed = _fold(tx, rules, changed_at, folded.queue) if taken else 0
    return taken, changed


def fold_these(
    tx: Connection,
    profile_ids: Sequence[UUID | str],
    *,
    rules: Mapping[str, str],
    changed_at: datetime,
) -> int:
    """Fold those of these profiles that were touched or wait, before any others: how many changed.

    What follows from them waits for `cdp.store.profile.folded.hand_on`.
    """
    staging.prepare(tx)
    # As one text: the driver would look at each element of a list.
    these = f"{{{','.join(map(str, profile_ids))}}}"
    tx.execute(text(QUEUE_THESE), {"profile_ids": these})
    taken = tx.execute(text(TAKE_THESE), {"profile_ids": these}).rowcount
    return _fold(tx, rules, changed_at, folded.note) if taken else 0


def _fold(
    tx: Connection,
    rules: Mapping[str, str],
    changed_at: datetime,
    follow: Callable[[Connection], None],
) -> int:
    tx.execute(text(TAKE_MEMBERS))
    staging.analyze(tx, "folding", "member")
    parameters = _policy(rules) | {"as_of": FOREVER, "changed_at": changed_at}
    changed = tx.execute(text(WRITE_PROFILES), parameters).rowcount
    changed += tx.execute(text(DROP_EMPTY)).rowcount
    follow(tx)
    changes.note(tx, changed_at)
    return changed


def fold_as_of(
    tx: Connection,
    profile_id: UUID | str,
    record_uids: list[str],
    rules: Mapping[str, str],
    as_of: datetime,
) -> str:
    """The body (JSON text) that the given records fold to, of what was recorded up to `as_of`."""
    _take_given(tx, profile_id, record_uids)
    return tx.execute(text(READ_BODY), _policy(rules) | {"as_of": as_of}).scalar_one()


def statements(
    tx: Connection, profile_id: UUID, record_uids: list[str], trait: str | None
) -> list[dict[str, Any]]:
    """What each of the given records says of `trait` (None: of every trait), newest first."""
    _take_given(tx, profile_id, record_uids)
    rows = tx.execute(text(READ_STATEMENTS), {"trait": trait, "as_of": FOREVER})
    return [dict(row) for row in rows.mappings()]


def _take_given(tx: Connection, profile_id: UUID | str, record_uids: list[str]) -> None:
    staging.prepare(tx)
    tx.execute(text(TAKE_ONE), {"profile_id": profile_id})
    tx.execute(text(TAKE_GIVEN), {"record_uids": record_uids})


def _policy(rules: Mapping[str, str]) -> dict[str, Any]:
    return {"traits": list(rules), "rules": list(rules.values())}
