"""What people did after they were addressed, or held out, in SQL."""

from typing import Any

import psycopg

from cdp.store.profile.read import rows

# An id that was merged into another profile since counts there; one who has both arms by that is of
# neither. Orders are looked for record by record, by time.
CONVERTED = """
WITH first AS (
    SELECT r.profile_id, min(c.at) AS at,
           CASE WHEN count(DISTINCT c.arm) > 1 THEN 'mixed' ELSE min(c.arm) END AS arm
    FROM audience_contact AS c
    JOIN audience_export AS e USING (export_id)
    JOIN source_record AS r ON r.record_uid = c.profile_id
    WHERE e.audience_id = %(audience_id)s AND e.state = 'done'
    GROUP BY r.profile_id)
SELECT arm, count(*) AS people,
       count(*) FILTER (WHERE at + %(within)s > %(now)s) AS still_open,
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM source_record AS r JOIN event AS v USING (record_uid)
           WHERE r.profile_id = first.profile_id AND v.kind = ANY(%(kinds)s)
             AND v.occurred_at > first.at AND v.occurred_at <= first.at + %(within)s
             AND v.occurred_at <= %(now)s
             AND (%(products)s::text[] IS NULL OR v.product = ANY(%(products)s))
             AND (%(categories)s::text[] IS NULL OR v.category = ANY(%(categories)s))))
           AS converted
FROM first GROUP BY arm"""


def converted(connection: psycopg.Connection, **asked: Any) -> dict[str, dict[str, Any]]:
    """people, converted and still_open of each arm: addressed, held_out, mixed."""
    return {row["arm"]: row for row in rows(connection, CONVERTED, asked)}
