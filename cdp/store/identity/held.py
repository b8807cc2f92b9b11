"""What is suspicious: junk values and those on their way, links held back, crowded records, large profiles."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

JUNK = """
SELECT namespace, value, records FROM identifier_block
ORDER BY records DESC, namespace, value LIMIT :limit"""

CROWDED = """
SELECT namespace, value, count(*) AS records FROM record_identifier AS i
WHERE withdrawn_at IS NULL AND NOT EXISTS (
    SELECT FROM identifier_block AS b WHERE b.namespace = i.namespace AND b.value = i.value)
GROUP BY namespace, value HAVING count(*) > :least
ORDER BY records DESC, namespace, value LIMIT :limit"""

# Of each chosen value: its records now, and what else they say.
SPREAD = """
WITH chosen AS (
    SELECT * FROM unnest(CAST(:namespaces AS text[]), CAST(:values AS text[])) AS v (namespace, value)),
carrier AS (
    SELECT namespace, value, record_uid FROM chosen JOIN record_identifier AS i USING (namespace, value)
    WHERE i.withdrawn_at IS NULL)
SELECT namespace, value, '' AS seen, count(*) AS number FROM carrier GROUP BY namespace, value
UNION ALL
SELECT c.namespace, c.value, o.namespace, count(DISTINCT o.value)
FROM carrier AS c JOIN record_identifier AS o USING (record_uid)
WHERE o.withdrawn_at IS NULL AND (o.namespace, o.value) <> (c.namespace, c.value)
GROUP BY c.namespace, c.value, o.namespace
UNION ALL
SELECT c.namespace, c.value, 'given names', count(DISTINCT name.given)
FROM carrier AS c JOIN record_version AS v USING (record_uid), LATERAL (
    SELECT lower(coalesce(v.content #>> '{traits,name,given}',
                          split_part(v.content #>> '{traits,name,full}', ' ', 1)))) AS name (given)
WHERE name.given <> '' GROUP BY c.namespace, c.value"""

HELD_BACK = """
SELECT l.namespace, l.value, l.reason, s.profile_id, count(*) AS records
FROM refused_link AS l JOIN source_record AS s USING (record_uid)
WHERE l.reason LIKE 'firewall: %'
GROUP BY l.namespace, l.value, l.reason, s.profile_id
ORDER BY records DESC, l.namespace, l.value LIMIT :limit"""

CROWDED_RECORDS = """
SELECT record_uid, s.channel || ':' || s.record_key AS record_key, namespace, "values"
FROM (SELECT record_uid, namespace, count(*) AS "values" FROM record_identifier
      WHERE withdrawn_at IS NULL GROUP BY record_uid, namespace HAVING count(*) > :most
      ORDER BY "values" DESC, record_uid LIMIT :limit) AS crowded
JOIN source_record AS s USING (record_uid) ORDER BY "values" DESC, record_uid"""

LARGEST = """
SELECT profile_id, records,
       (SELECT count(DISTINCT lower(coalesce(v.content #>> '{traits,name,given}',
                   nullif(split_part(v.content #>> '{traits,name,full}', ' ', 1), ''))))
        FROM source_record AS s JOIN record_version AS v USING (record_uid)
        WHERE s.profile_id = large.profile_id) AS given_names,
       (SELECT count(DISTINCT v.content #>> '{traits,birth_date}')
        FROM source_record AS s JOIN record_version AS v USING (record_uid)
        WHERE s.profile_id = large.profile_id) AS birth_dates
FROM (SELECT profile_id, count(*) AS records FROM source_record GROUP BY profile_id
      ORDER BY records DESC, profile_id LIMIT :limit) AS large
ORDER BY records DESC, profile_id"""


def junk(tx: Connection, limit: int) -> list[dict[str, Any]]:
    """The values that join nobody any more, most records first."""
    return _rows(tx, JUNK, limit=limit)


def crowded_values(tx: Connection, least: int, limit: int) -> list[dict[str, Any]]:
    """Values of more than `least` records that still join, most records first."""
    return _rows(tx, CROWDED, least=least, limit=limit)


def spread(tx: Connection, values: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Who is seen with some values: namespace, value, seen, number.

    `seen` is a namespace or `given names`; empty for the number of records.
    """
    namespaces, said = zip(*values, strict=True) if values else ((), ())
    return _rows(tx, SPREAD, namespaces=list(namespaces), values=list(said))


def held_back(tx: Connection, limit: int) -> list[dict[str, Any]]:
    """What the firewall refused: namespace, value, reason, profile_id, records."""
    return _rows(tx, HELD_BACK, limit=limit)


def crowded_records(tx: Connection, most: int, limit: int) -> list[dict[str, Any]]:
    """Records of more than `most` values of one namespace."""
    return _rows(tx, CROWDED_RECORDS, most=most, limit=limit)


def largest(tx: Connection, limit: int) -> list[dict[str, Any]]:
    """The profiles of most records: profile_id, records, given_names, birth_dates."""
    return _rows(tx, LARGEST, limit=limit)


def _rows(tx: Connection, query: str, **parameters: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in tx.execute(text(query), parameters).mappings()]
