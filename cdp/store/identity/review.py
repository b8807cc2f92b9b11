"""What waits for a steward, read from links, refusals and decisions as they stand."""

from typing import Any

import polars as pl
from sqlalchemy import Connection, text

# A decision is about two profiles: of several pairs between them the heaviest speaks for all.
OPEN = """
WITH decided AS (
    SELECT DISTINCT s.profile_id AS one, o.profile_id AS other
    FROM identity_decision AS d
    JOIN decision_record AS r ON r.decision_id = d.decision_id
    JOIN decision_record AS q ON q.decision_id = d.decision_id AND q.side <> r.side
    JOIN source_record AS s ON s.record_uid = r.record_uid
    JOIN source_record AS o ON o.record_uid = q.record_uid
    WHERE d.kind = 'cannot_link' AND d.revoked_at IS NULL),
pair AS (
    SELECT record_uid, other_uid, weight, probability, evidence,
           CASE WHEN weight < :merge_weight THEN 'proposed' ELSE 'vetoed' END AS why,
           CAST(NULL AS text) AS reason
    FROM probable_link WHERE superseded_at IS NULL AND weight >= :propose_weight
    UNION ALL
    SELECT record_uid, other_uid, NULL, NULL, '[]', 'held back', reason
    FROM refused_link WHERE reason LIKE :firewall),
apart AS (
    SELECT pair.*, s.profile_id AS left_profile, o.profile_id AS right_profile,
           s.channel || ':' || s.record_key AS left_key, o.channel || ':' || o.record_key AS right_key
    FROM pair JOIN source_record AS s USING (record_uid)
    JOIN source_record AS o ON o.record_uid = pair.other_uid
    WHERE s.profile_id <> o.profile_id),
best AS (
    SELECT DISTINCT ON (least(left_profile, right_profile), greatest(left_profile, right_profile)) *
    FROM apart
    WHERE NOT EXISTS (SELECT FROM decided WHERE one = left_profile AND other = right_profile)
    ORDER BY least(left_profile, right_profile), greatest(left_profile, right_profile),
             weight DESC NULLS LAST, record_uid, other_uid),
size AS (
    SELECT s.profile_id, count(DISTINCT s.record_uid) AS records,
           coalesce(sum(a.events), 0)::bigint AS events
    FROM source_record AS s LEFT JOIN record_aggregate AS a USING (record_uid)
    WHERE s.profile_id IN (SELECT left_profile FROM best UNION SELECT right_profile FROM best)
    GROUP BY s.profile_id)
SELECT best.record_uid::text AS left, best.other_uid::text AS right, left_profile, right_profile,
       left_key, right_key, weight, probability, evidence, why,
       coalesce(best.reason, (
           SELECT min(f.reason) FROM refused_link AS f WHERE f.namespace = :probable_link
             AND (f.record_uid, f.other_uid) IN ((best.record_uid, best.other_uid),
                                                 (best.other_uid, best.record_uid)))) AS reason,
       l.records AS left_records, l.events AS left_events,
       r.records AS right_records, r.events AS right_events,
       ln(1 + least(l.records + l.events, r.records + r.events))
           * CASE why WHEN 'proposed' THEN 1 - abs(2 * probability - 1) ELSE 0.5 END AS rank
FROM best JOIN size AS l ON l.profile_id = left_profile
JOIN size AS r ON r.profile_id = right_profile
ORDER BY rank DESC, weight DESC NULLS LAST, best.record_uid, best.other_uid LIMIT :limit
"""


def open_pairs(
    tx: Connection,
    *,
    propose_weight: float,
    merge_weight: float,
    firewall: str,
    probable_link: str,
    limit: int,
) -> list[dict[str, Any]]:
    """The pairs of profiles that wait for a steward, those first that a decision changes most.

    `firewall`: how the reasons of what was held back begin; `probable_link`: the namespace of
    refused links. Pairs that were decided, or whose profiles are one by now, do not wait.
    """
    told = {
        "propose_weight": propose_weight,
        "merge_weight": merge_weight,
        "firewall": f"{firewall}%",
        "probable_link": probable_link,
        "limit": limit,
    }
    return [dict(row) for row in tx.execute(text(OPEN), told).mappings()]


DECIDED = """
SELECT d.decision_id::text, d.verb, d.decided_at, d.kind = 'link' AS same,
       least(r.record_uid, q.record_uid)::text AS left,
       greatest(r.record_uid, q.record_uid)::text AS right
FROM identity_decision AS d
JOIN decision_record AS r ON r.decision_id = d.decision_id
JOIN decision_record AS q ON q.decision_id = d.decision_id AND q.side > r.side
WHERE d.revoked_at IS NULL ORDER BY d.decided_at, d.decision_id
"""
DECIDED_COLUMNS = {
    "decision_id": pl.String,
    "verb": pl.String,
    "decided_at": pl.Datetime("us", "UTC"),
    "same": pl.Boolean,
    "left": pl.String,
    "right": pl.String,
}


def decided(tx: Connection) -> pl.DataFrame:
    """Every pair of records on two sides of a decision that stands.

    decision_id, verb, decided_at, same (whether they were linked), left, right (the larger uid).
    """
    rows = tx.execute(text(DECIDED)).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=DECIDED_COLUMNS, orient="row")
