"""The fold in SQL: the records of a profile become one body, set-based, now or as of a time."""

from datetime import datetime

from sqlalchemy import Connection, text

from cdp.store import staging

# The records to fold: those of the queued profiles, or those given for one profile.
QUEUED_MEMBERS = """
SELECT f.profile_id, r.record_uid, r.channel, r.record_key, r.recorded_at, c.trust, c.subject
FROM folding AS f JOIN source_record AS r USING (profile_id) JOIN channel AS c USING (channel)"""
GIVEN_MEMBERS = """
SELECT CAST(:profile_id AS uuid) AS profile_id, r.record_uid, r.channel, r.record_key,
       r.recorded_at, c.trust, c.subject
FROM source_record AS r JOIN channel AS c USING (channel)
WHERE r.record_uid = ANY(CAST(:record_uids AS uuid[]))"""

# What each record says last of each trait; a null takes back what it said before. Objects are
# field groups: fields without a value are left out, and without any there is no value.
STATEMENTS = """
SELECT DISTINCT ON (m.profile_id, m.record_uid, said.key)
    m.profile_id, m.record_uid, m.channel, m.record_key, m.trust, said.key AS trait,
    nullif(nullif(jsonb_strip_nulls(said.value), '{}'), 'null') AS value,
    v.observed_at, v.recorded_at
FROM member AS m JOIN record_version AS v USING (record_uid),
     jsonb_each(v.content -> 'traits') AS said
WHERE v.recorded_at <= :as_of
ORDER BY m.profile_id, m.record_uid, said.key, v.observed_at DESC, v.recorded_at DESC,
         v.content_hash"""

# One row per distinct value; survivorship is this ORDER BY. Ties end at the value itself, so that
# equal inputs give equal profiles.
SURVIVORS = """
SELECT DISTINCT ON (profile_id, trait) profile_id, trait, value
FROM (SELECT profile_id, trait, value, count(*) AS records, max(trust) AS trust,
             max(observed_at) AS observed_at
      FROM statement WHERE value IS NOT NULL GROUP BY profile_id, trait, value) AS candidate
LEFT JOIN unnest(CAST(:traits AS text[]), CAST(:rules AS text[])) AS policy (trait, rule)
    USING (trait)
WHERE rule IS DISTINCT FROM 'union'
ORDER BY profile_id, trait,
    CASE rule WHEN 'trusted' THEN trust WHEN 'most_frequent' THEN records
              WHEN 'most_complete' THEN length(value::text) END DESC NULLS LAST,
    CASE rule WHEN 'min' THEN value END, CASE rule WHEN 'max' THEN value END DESC NULLS LAST,
    observed_at DESC, trust DESC, value"""

UNIONS = """
SELECT profile_id, trait, jsonb_agg(DISTINCT element ORDER BY element) AS value
FROM statement
JOIN unnest(CAST(:traits AS text[]), CAST(:rules AS text[])) AS policy (trait, rule) USING (trait),
     jsonb_array_elements(CASE jsonb_typeof(value) WHEN 'array' THEN value
                          ELSE jsonb_build_array(value) END) AS united (element)
WHERE rule = 'union' AND value IS NOT NULL GROUP BY profile_id, trait"""

NOW_AGGREGATES = """
SELECT m.profile_id, a.kind, a.currency, a.events, a.amount, a.discount, a.scores, a.score,
       a.first_at, a.last_at
FROM member AS m JOIN record_aggregate AS a USING (record_uid)"""
PAST_AGGREGATES = """
SELECT m.profile_id, e.kind, coalesce(e.currency, '') AS currency, 1 AS events,
       coalesce(e.amount, 0) AS amount, coalesce(e.discount, 0) AS discount,
       (e.score IS NOT NULL)::int AS scores, coalesce(e.score, 0) AS score,
       e.occurred_at AS first_at, e.occurred_at AS last_at
FROM member AS m JOIN (
    SELECT * FROM event WHERE recorded_at <= :as_of
    UNION ALL
    SELECT (jsonb_populate_record(NULL::event, r.event)).* FROM event_revision AS r
    WHERE r.recorded_at <= :as_of AND r.superseded_at > :as_of) AS e USING (record_uid)"""

# The latest word of each record; of several records the strictest, so that joining two of them
# never turns a refusal into a consent.
CONSENTS = """
SELECT profile_id, jsonb_agg(jsonb_build_object('purpose', purpose, 'medium', medium,
           'state', state, 'observed_at', observed_at) ORDER BY purpose, medium) AS consents
FROM (SELECT DISTINCT ON (profile_id, purpose, medium) * FROM (
        SELECT DISTINCT ON (m.profile_id, m.record_uid, c.purpose, c.medium)
               m.profile_id, c.purpose, c.medium, c.state, c.observed_at
        FROM member AS m JOIN record_consent AS c USING (record_uid)
        WHERE c.recorded_at <= :as_of
        ORDER BY m.profile_id, m.record_uid, c.purpose, c.medium, c.observed_at DESC,
                 c.recorded_at DESC, c.state = 'granted', c.state) AS latest
      ORDER BY profile_id, purpose, medium, state = 'granted', observed_at DESC, state) AS strictest
GROUP BY profile_id"""


def _fold(members: str, aggregates: str) -> str:
    """The statement that folds `members`: profile_id, subject, records, body, search_text."""
    return f"""
WITH member AS MATERIALIZED ({members}),
statement AS ({STATEMENTS}),
trait_doc AS (
    SELECT profile_id, jsonb_object_agg(trait, value) AS traits
    FROM ({SURVIVORS}) AS survivor GROUP BY profile_id),
union_doc AS (
    SELECT profile_id, jsonb_object_agg(trait, value) AS traits
    FROM ({UNIONS}) AS united GROUP BY profile_id),
identifier_doc AS (
    SELECT profile_id, jsonb_object_agg(namespace, held) AS identifiers,
           string_agg(words, ' ' ORDER BY namespace) AS words
    FROM (SELECT m.profile_id, i.namespace, jsonb_agg(DISTINCT i.value ORDER BY i.value) AS held,
                 string_agg(DISTINCT i.value, ' ' ORDER BY i.value) AS words
          FROM member AS m JOIN record_identifier AS i USING (record_uid)
          WHERE i.recorded_at <= :as_of AND (i.withdrawn_at IS NULL OR i.withdrawn_at > :as_of)
          GROUP BY m.profile_id, i.namespace) AS by_namespace
    GROUP BY profile_id),
behaviour_doc AS (
    SELECT profile_id, jsonb_agg(jsonb_build_object(
               'kind', kind, 'currency', nullif(currency, ''), 'events', events,
               'amount', amount, 'discount', discount, 'scores', scores, 'score', score,
               'first_at', first_at, 'last_at', last_at) ORDER BY kind, currency) AS behaviour
    FROM (SELECT profile_id, kind, currency, sum(events) AS events, sum(amount) AS amount,
                 sum(discount) AS discount, sum(scores) AS scores,
                 round(sum(score)::numeric, 6) AS score,
                 min(first_at) AS first_at, max(last_at) AS last_at
          FROM ({aggregates}) AS part GROUP BY profile_id, kind, currency) AS whole
    GROUP BY profile_id),
consent_doc AS ({CONSENTS}),
membership_doc AS (
    SELECT profile_id, jsonb_agg(jsonb_build_object('organisation', organisation, 'kind', kind,
               'role', role, 'since', since, 'until', until)
               ORDER BY organisation, kind, role, since) AS memberships
    FROM (SELECT m.profile_id, organisation, kind, role, since, max(until) AS until
          FROM member AS m JOIN record_membership AS s USING (record_uid)
          WHERE s.recorded_at <= :as_of
          GROUP BY m.profile_id, organisation, kind, role, since) AS membership
    GROUP BY profile_id),
account_doc AS (
    SELECT profile_id, jsonb_agg(DISTINCT jsonb_build_object('namespace', account_namespace,
               'key', account_key, 'role', role, 'since', since)) AS accounts
    FROM member JOIN record_account AS s USING (record_uid) WHERE s.recorded_at <= :as_of
    GROUP BY profile_id),
head AS (
    SELECT profile_id, min(subject) AS subject, count(*) AS records,
           min(recorded_at) AS created_at, jsonb_agg(DISTINCT channel ORDER BY channel) AS channels
    FROM member GROUP BY profile_id)
SELECT head.profile_id, head.subject, head.records,
    jsonb_strip_nulls(jsonb_build_object(
        'profile_id', head.profile_id, 'subject', head.subject, 'created_at', head.created_at,
        'records', head.records, 'channels', head.channels,
        'traits', coalesce(trait_doc.traits, '{{}}') || coalesce(union_doc.traits, '{{}}'),
        'identifiers', identifiers, 'behaviour', behaviour, 'consents', consents,
        'memberships', memberships, 'accounts', accounts)) AS body,
    lower(concat_ws(' ', trait_doc.traits -> 'name' ->> 'given', trait_doc.traits -> 'name' ->> 'family',
        trait_doc.traits -> 'name' ->> 'full', trait_doc.traits ->> 'company_name',
        trait_doc.traits -> 'address' ->> 'city', identifier_doc.words)) AS search_text
FROM head
LEFT JOIN trait_doc USING (profile_id) LEFT JOIN union_doc USING (profile_id)
LEFT JOIN identifier_doc USING (profile_id) LEFT JOIN behaviour_doc USING (profile_id)
LEFT JOIN consent_doc USING (profile_id) LEFT JOIN membership_doc USING (profile_id)
LEFT JOIN account_doc USING (profile_id)"""


TAKE_STALE = """
WITH taken AS (
    DELETE FROM stale_profile WHERE profile_id IN (
        SELECT profile_id FROM stale_profile ORDER BY profile_id LIMIT :limit
        FOR UPDATE SKIP LOCKED)
    RETURNING profile_id)
INSERT INTO folding SELECT profile_id FROM taken"""

WRITE_PROFILES = f"""
INSERT INTO profile (profile_id, subject, records, body, search_text, changed_at)
SELECT profile_id, subject, records, body, search_text, :changed_at
FROM ({_fold(QUEUED_MEMBERS, NOW_AGGREGATES)}) AS folded
ON CONFLICT (profile_id) DO UPDATE
    SET subject = excluded.subject, records = excluded.records, body = excluded.body,
        search_text = excluded.search_text, changed_at = excluded.changed_at
    WHERE profile.body IS DISTINCT FROM excluded.body"""

DROP_EMPTY = """
DELETE FROM profile WHERE profile_id IN (
    SELECT profile_id FROM folding
    WHERE NOT EXISTS (SELECT FROM source_record AS r WHERE r.profile_id = folding.profile_id))"""

READ_PAST = f"SELECT body::text FROM ({_fold(GIVEN_MEMBERS, PAST_AGGREGATES)}) AS folded"  # noqa: S608

READ_STATEMENTS = f"""
WITH member AS MATERIALIZED ({GIVEN_MEMBERS}), statement AS ({STATEMENTS})
SELECT trait, value, channel, record_key, record_uid, trust, observed_at, recorded_at
FROM statement WHERE value IS NOT NULL ORDER BY trait, observed_at DESC, trust DESC, value"""

FOREVER = "infinity"


def fold_stale(
    tx: Connection, *, limit: int, rules: dict[str, str], changed_at: datetime
) -> tuple[int, int]:
    """Fold up to `limit` queued profiles; the numbers taken from the queue and changed."""
    staging.prepare(tx)
    taken = tx.execute(text(TAKE_STALE), {"limit": limit}).rowcount
    if not taken:
        return 0, 0
    tx.execute(text("ANALYZE folding"))
    policy = {"traits": list(rules), "rules": list(rules.values())}
    changed = tx.execute(
        text(WRITE_PROFILES), {"as_of": FOREVER, "changed_at": changed_at, **policy}
    ).rowcount
    dropped = tx.execute(text(DROP_EMPTY)).rowcount
    return taken, changed + dropped
