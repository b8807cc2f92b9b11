"""Reading companies: their people by role, what they belong to, and what may belong to them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from cdp.store.profile.read import rows

MEMBERS = """
SELECT a.profile_id, a.account_id, c.body #>> '{traits,company_name}' AS account,
       (array_agg(a.role ORDER BY a.until DESC NULLS FIRST, h.height, a.since DESC NULLS LAST, a.role))[1]
           AS role,
       array_remove(array_agg(a.function ORDER BY a.function), '') AS functions,
       (array_agg(a.level ORDER BY a.until DESC NULLS FIRST, h.height))[1] AS level,
       min(a.since) AS since, CASE WHEN bool_and(a.until IS NOT NULL) THEN max(a.until) END AS until,
       min(a.rule) AS rule, (d.traits ->> %(fit)s)::float8 AS fit
FROM profile_account AS a JOIN profile AS p USING (profile_id)
JOIN profile AS c ON c.profile_id = a.account_id
LEFT JOIN derived_profile AS d ON d.profile_id = a.account_id
CROSS JOIN LATERAL (
    SELECT array_position(%(highest_first)s::text[], a.level)) AS h (height)
WHERE p.subject = 'person' AND (%(left)s OR
      coalesce(a.since <= current_date, true) AND coalesce(a.until > current_date, true))
  AND (%(accounts)s::uuid[] IS NULL OR a.account_id = ANY(%(accounts)s))
  AND (%(functions)s::text[] IS NULL OR a.function = ANY(%(functions)s))
  AND (%(levels)s::text[] IS NULL OR a.level = ANY(%(levels)s))
  AND (%(at_least)s::float8 IS NULL OR (d.traits ->> %(fit)s)::float8 >= %(at_least)s)
GROUP BY a.profile_id, a.account_id, c.body, d.traits
ORDER BY fit DESC NULLS LAST, a.account_id, a.profile_id LIMIT %(limit)s"""

RELATIONS = """
SELECT a.account_id, c.body #>> '{traits,company_name}' AS name, 'parent' AS kind, a.rule AS why
FROM profile_account AS a JOIN profile AS c ON c.profile_id = a.account_id
WHERE a.profile_id = %(account_id)s
UNION
SELECT a.profile_id, c.body #>> '{traits,company_name}', 'subsidiary', a.rule
FROM profile_account AS a JOIN profile AS c USING (profile_id)
WHERE a.account_id = %(account_id)s AND c.subject = 'account'"""
# What has a domain or the beginning of a name in common may be of one group; nobody said so.
PROPOSED = """
WITH own AS (
    SELECT i.namespace, i.value FROM source_record AS s JOIN record_identifier AS i USING (record_uid)
    WHERE s.profile_id = %(account_id)s AND i.withdrawn_at IS NULL
      AND i.namespace IN ('company_domain', 'company_name_place')),
alike AS (
    SELECT i.record_uid, 'the same domain' AS why FROM own JOIN record_identifier AS i
        ON i.namespace = own.namespace AND i.value = own.value AND i.withdrawn_at IS NULL
    WHERE own.namespace = 'company_domain'
    UNION ALL
    SELECT i.record_uid, 'a domain below its own' FROM own JOIN record_identifier AS i
        ON i.namespace = 'company_domain' AND i.value LIKE '%%.' || own.value
    WHERE own.namespace = 'company_domain' AND i.withdrawn_at IS NULL
    UNION ALL
    SELECT i.record_uid, 'a name that begins with its own' FROM own JOIN record_identifier AS i
        ON i.namespace = 'company_name_place'
        AND i.value >= split_part(own.value, '|', 1) || ' '
        AND i.value < split_part(own.value, '|', 1) || '!' AND i.withdrawn_at IS NULL
    WHERE own.namespace = 'company_name_place')
SELECT s.profile_id AS account_id, p.body #>> '{traits,company_name}' AS name, 'proposed' AS kind,
       min(alike.why) AS why
FROM alike JOIN source_record AS s USING (record_uid)
JOIN profile AS p USING (profile_id)
WHERE p.subject = 'account' AND s.profile_id <> %(account_id)s
  AND s.profile_id NOT IN (SELECT account_id FROM profile_account WHERE profile_id = %(account_id)s)
  AND s.profile_id NOT IN (SELECT profile_id FROM profile_account WHERE account_id = %(account_id)s)
GROUP BY s.profile_id, p.body ORDER BY 4, 1 LIMIT %(limit)s"""


def members(
    connection: psycopg.Connection,
    highest_first: Sequence[str],
    *,
    accounts: Sequence[UUID] | None = None,
    functions: Sequence[str] | None = None,
    levels: Sequence[str] | None = None,
    fit: str = "",
    at_least: float | None = None,
    with_left: bool = False,
    limit: int,
) -> list[dict[str, Any]]:
    """People of companies in some functions and levels; of companies whose trait `fit` is so high.

    highest_first: all levels; of somebody's several roles the highest is told.
    """
    said = {
        "highest_first": list(highest_first),
        "accounts": list(accounts) if accounts is not None else None,
        "functions": list(functions) if functions is not None else None,
        "levels": list(levels) if levels is not None else None,
        "fit": fit,
        "at_least": at_least,
        "left": with_left,
        "limit": limit,
    }
    return rows(connection, MEMBERS, said)


def relations(connection: psycopg.Connection, account_id: UUID) -> list[dict[str, Any]]:
    """What a company is stated to belong to, and what to it: account_id, name, kind, why."""
    return rows(connection, RELATIONS, {"account_id": account_id})


def proposed(connection: psycopg.Connection, account_id: UUID, limit: int) -> list[dict[str, Any]]:
    """Companies that may be of one group with this one, in the same form."""
    return rows(connection, PROPOSED, {"account_id": account_id, "limit": limit})
