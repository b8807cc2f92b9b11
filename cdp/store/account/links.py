"""Who belongs to which company, worked out set by set from what changed."""

from collections.abc import Collection

import polars as pl
from sqlalchemy import Connection, text

from cdp.store import staging

# A profile that waits already gets a new version of its row, which who takes the old one leaves.
TAKE = """
WITH taken AS (
    DELETE FROM unlinked_profile WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM unlinked_profile ORDER BY profile_id LIMIT :limit
        FOR UPDATE SKIP LOCKED))
    RETURNING profile_id)
INSERT INTO linking SELECT profile_id FROM taken"""

# Whose links may change besides: who belongs to a company among them or states one of its
# identifiers, and who writes from one of its domains.
ADD_STATING = """
INSERT INTO linking
SELECT a.profile_id FROM linking AS l JOIN profile_account AS a ON a.account_id = l.profile_id
UNION
SELECT r.profile_id
FROM linking AS l JOIN source_record AS s USING (profile_id)
JOIN channel AS c ON c.channel = s.channel AND c.subject = 'account'
JOIN record_identifier AS i ON i.record_uid = s.record_uid AND i.withdrawn_at IS NULL
JOIN record_account AS a ON a.account_namespace = i.namespace AND a.account_key = i.value
JOIN source_record AS r ON r.record_uid = a.record_uid
EXCEPT SELECT profile_id FROM linking"""
# By the index of the search text; the address itself is compared afterwards.
ADD_WRITING = """
INSERT INTO linking
SELECT DISTINCT p.profile_id
FROM linking AS l JOIN source_record AS s USING (profile_id)
JOIN record_identifier AS i ON i.record_uid = s.record_uid AND i.withdrawn_at IS NULL
     AND i.namespace = 'company_domain'
JOIN profile AS p ON p.search_text LIKE '%@' || replace(i.value, '_', '\\_') || '%'
WHERE p.subject = 'person' AND p.profile_id NOT IN (SELECT profile_id FROM linking)"""

# A role that is not said with the company is the job title of the profile. A source says at first
# that somebody is there, and one day until when: the same of them all, as the fold has it.
STATED = """
SELECT r.profile_id, owner.profile_id, coalesce(a.role, p.body #>> '{traits,job_title}') AS named,
       a.since, max(a.until), 'stated', NULL
FROM linking AS l JOIN source_record AS r USING (profile_id)
JOIN profile AS p USING (profile_id)
JOIN record_account AS a ON a.record_uid = r.record_uid
JOIN record_identifier AS i ON i.namespace = a.account_namespace AND i.value = a.account_key
     AND i.withdrawn_at IS NULL
JOIN source_record AS owner ON owner.record_uid = i.record_uid
JOIN channel AS c ON c.channel = owner.channel AND c.subject = 'account'
WHERE owner.profile_id <> r.profile_id AND (:anonymous OR p.subject = 'account' OR EXISTS (
    SELECT FROM jsonb_object_keys(p.body -> 'identifiers') AS held (namespace)
    WHERE held.namespace <> ALL(:devices)))
GROUP BY r.profile_id, owner.profile_id, named, a.since"""
WRITING = """
SELECT DISTINCT r.profile_id, owner.profile_id, p.body #>> '{traits,job_title}',
       CAST(NULL AS date), CAST(NULL AS date), 'work e-mail', i.value
FROM linking AS l JOIN source_record AS r USING (profile_id)
JOIN profile AS p USING (profile_id)
JOIN record_identifier AS e ON e.record_uid = r.record_uid AND e.withdrawn_at IS NULL
     AND e.namespace = ANY(:addresses)
JOIN record_identifier AS i ON i.namespace = 'company_domain' AND i.withdrawn_at IS NULL
     AND i.value = split_part(e.value, '@', 2)
JOIN source_record AS owner ON owner.record_uid = i.record_uid
JOIN channel AS c ON c.channel = owner.channel AND c.subject = 'account'
WHERE p.subject = 'person'"""
LINK_COLUMNS = {
    "profile_id": pl.String,
    "account_id": pl.String,
    "role": pl.String,
    "since": pl.Date,
    "until": pl.Date,
    "rule": pl.String,
    "domain": pl.String,
}

# What people do counts for their companies, so these are concluded on anew with them.
QUEUE_ACCOUNTS = """
INSERT INTO underived_profile (profile_id, folded)
SELECT DISTINCT account_id, true FROM (
    SELECT account_id FROM profile_account JOIN linking USING (profile_id)
    UNION SELECT account_id FROM linked) AS concerned
JOIN profile ON profile.profile_id = account_id ORDER BY account_id
ON CONFLICT (profile_id) DO UPDATE SET folded = true"""
# Segments read the links of people.
QUEUE_PEOPLE = """
WITH changed AS (
    (SELECT profile_id, account_id, function, role, level, since, until, rule FROM linked
     EXCEPT SELECT a.profile_id, account_id, function, role, level, since, until, rule
     FROM profile_account AS a JOIN linking USING (profile_id))
    UNION ALL
    (SELECT a.profile_id, account_id, function, role, level, since, until, rule
     FROM profile_account AS a JOIN linking USING (profile_id)
     EXCEPT SELECT profile_id, account_id, function, role, level, since, until, rule FROM linked))
INSERT INTO underived_profile (profile_id, folded)
SELECT DISTINCT profile_id, true FROM changed JOIN profile USING (profile_id) ORDER BY profile_id
ON CONFLICT (profile_id) DO UPDATE SET folded = true"""
FORGET = """
DELETE FROM profile_account AS a USING linking AS l WHERE a.profile_id = l.profile_id
  AND NOT EXISTS (SELECT FROM linked AS n WHERE n.profile_id = a.profile_id
                  AND n.account_id = a.account_id AND n.function = a.function)"""
KEEP = """
INSERT INTO profile_account (profile_id, account_id, function, role, level, since, until, rule)
SELECT profile_id, account_id, function, role, level, since, until, rule FROM linked
ORDER BY profile_id, account_id, function
ON CONFLICT (profile_id, account_id, function) DO UPDATE
    SET role = excluded.role, level = excluded.level, since = excluded.since,
        until = excluded.until, rule = excluded.rule"""


def take(tx: Connection, limit: int) -> int:
    """Take up to `limit` profiles whose links may have changed into `linking`; how many."""
    staging.prepare(tx)
    return tx.execute(text(TAKE), {"limit": limit}).rowcount


def add_concerned(tx: Connection, *, work_email: bool) -> None:
    """Add to `linking` whose links hang on the companies in it."""
    tx.execute(text(ADD_STATING))
    if work_email:
        tx.execute(text(ADD_WRITING))
    tx.execute(text("ANALYZE linking"))


def stated(tx: Connection, *, anonymous: bool, devices: Collection[str]) -> pl.DataFrame:
    """The links of `linking` that records state (columns: LINK_COLUMNS).

    `anonymous`: also of visitors of whom nothing but `devices` (namespaces) is known.
    """
    said = {"anonymous": anonymous, "devices": list(devices)}
    return _read(tx, STATED, said)


def by_address(tx: Connection, namespaces: Collection[str]) -> pl.DataFrame:
    """The links of `linking` that addresses of these namespaces speak for, by their `domain`."""
    return _read(tx, WRITING, {"addresses": list(namespaces)})


def write(tx: Connection, links: pl.DataFrame) -> None:
    """Keep the links of the profiles of `linking`, and queue for conclusion whom a change concerns.

    `links`: profile_id, account_id, function, role, level, since, until, rule.
    """
    staging.copy_in(tx, "linked", links)
    for statement in (QUEUE_ACCOUNTS, QUEUE_PEOPLE, FORGET, KEEP):
        tx.execute(text(statement))


def _read(tx: Connection, query: str, said: dict[str, object]) -> pl.DataFrame:
    rows = tx.execute(text(query), said).all()
    told = [(str(row[0]), str(row[1]), *row[2:]) for row in rows]
    return pl.DataFrame(told, schema=LINK_COLUMNS, orient="row")
