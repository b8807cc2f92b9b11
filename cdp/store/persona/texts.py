"""What the members of personas wrote, in SQL: aspects, and texts to quote."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import Connection, text

from cdp.store import staging

ASPECTS = """
SELECT p.persona_id, said.key, count(DISTINCT p.profile_id), avg((said.value ->> 'polarity')::float8)
FROM text_score AS s JOIN source_record AS r USING (record_uid)
JOIN profile_persona AS p ON p.profile_id = r.profile_id, jsonb_each(s.aspects) AS said
GROUP BY GROUPING SETS ((p.persona_id, said.key), (said.key))"""
ASPECT_COLUMNS = {
    "persona": pl.String,
    "aspect": pl.String,
    "people": pl.Int64,
    "polarity": pl.Float64,
}
# Nobody who refused one of these purposes is quoted.
REFUSABLE = ("personalisation", "analytics", "research", "quotation")
QUOTABLE = """
SELECT DISTINCT ON (r.profile_id) e.event_id, r.channel, e.kind, e.occurred_at AS written_at, s.polarity,
       coalesce(e.properties ->> 'text', e.properties ->> 'comment', e.properties ->> 'message') AS said,
       f.body #> '{traits,name}' AS name
FROM profile_persona AS p JOIN source_record AS r USING (profile_id)
JOIN text_score AS s USING (record_uid) JOIN event AS e USING (record_uid, event_id)
JOIN profile AS f ON f.profile_id = r.profile_id
WHERE p.persona_id = :persona_id AND s.aspects ? :aspect
  AND (s.aspects #>> ARRAY[:aspect, 'polarity'])::float8 * :sign > 0
  AND length(coalesce(e.properties ->> 'text', e.properties ->> 'comment',
                      e.properties ->> 'message')) BETWEEN 20 AND 600
  AND NOT EXISTS (
      SELECT FROM jsonb_array_elements(f.body -> 'consents') AS c
      WHERE c ->> 'purpose' = ANY(:refusable) AND c ->> 'state' <> 'granted')
ORDER BY r.profile_id, s.polarity * :sign DESC, e.event_id
LIMIT 500"""


def aspects(tx: Connection) -> pl.DataFrame:
    """Aspects by persona, and of all (persona null): people that mention them, mean polarity."""
    return staging.copy_out(tx, ASPECTS, ASPECT_COLUMNS)


def quotable(
    tx: Connection, persona_id: UUID, aspect: str, *, sign: int
) -> Sequence[Mapping[str, Any]]:
    """The texts of members on an aspect, most for (1) or against (-1) it first, one a person."""
    said = {"persona_id": persona_id, "aspect": aspect, "sign": sign, "refusable": list(REFUSABLE)}
    found = [dict(row) for row in tx.execute(text(QUOTABLE), said).mappings()]
    found.sort(key=lambda row: (-row["polarity"] * sign, str(row["event_id"])))
    return found
