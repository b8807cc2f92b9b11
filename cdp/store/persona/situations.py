"""Sessions in SQL: what people did lately, and in which situation they were."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl
import psycopg
from pydantic_core import from_json
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.profile.read import OWNERS, rows

# What people do themselves: of these sessions are made. What is done to them (mail, parcels) is not.
ACTIONS = (
    "page_viewed", "screen_viewed", "product_viewed", "product_list_viewed", "product_clicked",
    "products_searched", "product_added", "product_removed", "cart_viewed", "checkout_started",
    "wishlist_product_added", "promotion_clicked", "order", "order_line",
)  # fmt: skip
_KINDS = ", ".join(f"'{kind}'" for kind in ACTIONS)
_CONTEXT = "e.properties #> '{$message,context}'"
# The words of a session; the columns of cdp.persona.signals.EVENTS.
WORDS = f"""
    e.kind, e.product, e.category, e.properties ->> 'department' AS department,
    coalesce(e.properties ->> 'query', e.properties ->> 'search') AS search,
    e.properties ->> 'device' AS device,
    coalesce(e.properties ->> 'place', {_CONTEXT} #>> '{{location,city}}',
             {_CONTEXT} #>> '{{location,region}}') AS place,
    coalesce(e.properties ->> 'referrer', {_CONTEXT} #>> '{{page,referrer}}') AS referrer,
    coalesce(e.properties ->> 'campaign', {_CONTEXT} #>> '{{campaign,name}}') AS campaign,
    coalesce(e.properties ->> 'timezone', {_CONTEXT} ->> 'timezone') AS timezone"""
WORD_COLUMNS = dict.fromkeys(("kind", "product", "category", "department", "search", "device", "place", "referrer", "campaign", "timezone"), pl.String)  # fmt: skip
EVENTS_READ = 200  # of a profile, the newest
OF_ASSIGNING = f"""
SELECT a.n, date_part('epoch', e.occurred_at), {WORDS}
FROM assigning AS a JOIN source_record AS r USING (profile_id) CROSS JOIN LATERAL (
    SELECT * FROM event WHERE event.record_uid = r.record_uid AND kind IN ({_KINDS})
      AND occurred_at > :since AND occurred_at <= :until :newest) AS e
WHERE :only
ORDER BY a.n, e.occurred_at, e.event_id"""
# Who a visitor is, as soon as their first event has landed: the fold is not waited for. What was
# said of consent is read as `fold` reads it: of each record the latest word, of several the strictest.
# Their newest events come along, each record's from its own index, those that are still landing, and
# what they bought where that is asked for: a page waits for each round trip.
VISITOR = f"""
SELECT o.profile_id, p.probabilities::text, EXISTS (
    SELECT FROM source_record AS r CROSS JOIN LATERAL (
        SELECT DISTINCT ON (medium) state FROM record_consent AS c
        WHERE c.record_uid = r.record_uid AND c.purpose = %s
        ORDER BY medium, c.observed_at DESC, c.recorded_at DESC, c.state = 'granted', c.state) AS said
    WHERE r.profile_id = o.profile_id AND said.state <> 'granted') AS refused,
    (SELECT json_agg(done) FROM (
        SELECT e.occurred_at AS at, {WORDS}
        FROM (
            SELECT landed.event_id, occurred_at, kind, product, category, properties
            FROM source_record AS r CROSS JOIN LATERAL (
                SELECT * FROM event WHERE event.record_uid = r.record_uid AND occurred_at <= %s
                  AND kind IN ({_KINDS})
                ORDER BY occurred_at DESC LIMIT {EVENTS_READ}) AS landed
            WHERE r.profile_id = o.profile_id
            UNION ALL
            SELECT * FROM json_to_recordset(%s) AS a (event_id uuid, occurred_at timestamptz,
                kind text, product text, category text, properties jsonb)
            WHERE occurred_at <= %s AND kind IN ({_KINDS}) AND NOT EXISTS (
                SELECT FROM source_record AS r JOIN event USING (record_uid)
                WHERE r.profile_id = o.profile_id AND event.event_id = a.event_id)) AS e
        ORDER BY e.occurred_at DESC, e.event_id DESC LIMIT {EVENTS_READ}) AS done) AS events,
    CASE WHEN %s THEN (
        SELECT json_agg(DISTINCT e.product) FROM source_record AS r JOIN event AS e USING (record_uid)
        WHERE r.profile_id = o.profile_id AND e.kind = 'order_line' AND e.product IS NOT NULL
          AND coalesce(e.quantity, 1) > 0) END AS bought
FROM (owners) AS o LEFT JOIN profile_persona AS p USING (profile_id)"""
OF_IDENTIFIER, OF_RECORD = b"cdp_visitor_of_identifier", b"cdp_visitor_of_record"
OF_NOBODY = b"cdp_visitor_of_nobody"  # whose first events are still landing
PREPARED = {
    OF_IDENTIFIER: VISITOR.replace("owners", OWNERS),
    OF_RECORD: VISITOR.replace(
        "owners", "SELECT profile_id FROM source_record WHERE record_uid = %s"
    ),
    OF_NOBODY: VISITOR.replace("owners", "SELECT NULL::uuid AS profile_id"),
}
NOTHING = "[]"

KEEP = """
INSERT INTO profile_situation (profile_id, session_at, at, persona_id, probability, probabilities,
                               reasons, version, recorded_at)
SELECT profile_id, session_at, at, persona_id, probability, probabilities, reasons, :version, :now
FROM situated ORDER BY profile_id, session_at, at
ON CONFLICT (profile_id, session_at, at) DO UPDATE
    SET persona_id = excluded.persona_id, probability = excluded.probability,
        probabilities = excluded.probabilities, reasons = excluded.reasons,
        version = excluded.version, recorded_at = excluded.recorded_at
    WHERE profile_situation.persona_id <> excluded.persona_id"""
# News of a session may say that it began earlier, or went another way.
DROP_FORMER = """
DELETE FROM profile_situation AS s USING assigning AS a
WHERE s.profile_id = a.profile_id AND s.session_at > :since
  AND NOT EXISTS (SELECT FROM situated AS n
                  WHERE n.profile_id = s.profile_id AND n.session_at = s.session_at AND n.at = s.at)"""
KEPT = """
SELECT s.session_at, s.at, s.persona_id, p.name, s.probability, s.probabilities, s.reasons,
       s.version
FROM profile_situation AS s JOIN persona AS p USING (persona_id)
WHERE s.profile_id = %s ORDER BY s.at DESC LIMIT %s"""


@dataclass(frozen=True)
class Visitor:
    """A profile as a page meets it.

    `profile_id`: None where it is still landing. `probabilities` of lasting personas by id; None: not assigned yet. `refused`: whether it has
    denied or withdrawn consent to the purpose asked for. `events`: the newest of its own doing,
    oldest first: at and WORD_COLUMNS. `bought`: products, in any channel, where asked for.
    """

    profile_id: UUID | None
    probabilities: Mapping[str, float] | None
    refused: bool
    events: Sequence[Mapping[str, Any]]
    bought: frozenset[str]


def asked(
    named: UUID | tuple[str, str] | None,
    purpose: str,
    at: datetime,
    *,
    bought: bool,
    arriving: str = NOTHING,
) -> tuple[bytes, *tuple[str, ...]]:
    """The name of the prepared statement, and its parameters, for who an id or a normalised identifier is.

    An id may be the profile's own, or any of its records'; None is nobody that is known. Events are
    those up to `at`; `arriving` are more of them, which may have landed meanwhile: a JSON list of
    event_id, occurred_at, kind, product, category and properties.
    """
    about = (purpose, at.isoformat(), arriving, at.isoformat(), "t" if bought else "f")
    if named is None:
        return OF_NOBODY, *about
    if isinstance(named, UUID):
        return OF_RECORD, *about, str(named)
    return OF_IDENTIFIER, *about, *named


def visitors(rows: Sequence[tuple[bytes, ...]]) -> list[Visitor]:
    """The profiles in the rows of such a statement."""
    return [_visitor(*row) for row in rows]


def _visitor(
    profile_id: bytes, probabilities: bytes, refused: bytes, events: bytes, bought: bytes
) -> Visitor:
    done = from_json(events)[::-1] if events else []
    for event in done:
        event["at"] = datetime.fromisoformat(event["at"])
    return Visitor(
        profile_id=UUID(profile_id.decode()) if profile_id else None,
        probabilities=from_json(probabilities) if probabilities else None,
        refused=refused == b"t",
        events=done,
        bought=frozenset(from_json(bought)) if bought else frozenset(),
    )


def events_of_assigning(
    tx: Connection,
    since: datetime,
    until: datetime,
    *,
    only: pl.Series | None = None,
    newest: int | None = None,
) -> pl.DataFrame:
    """What the profiles of `assigning` did in (since, until]: `person` (n), at and WORD_COLUMNS.

    `only`: of those with these n. `newest`: so many events of each of their records at most.
    """
    chosen = "true" if only is None else f"a.n = ANY('{{{','.join(map(str, only))}}}')"
    limit = "" if newest is None else f"ORDER BY occurred_at DESC LIMIT {newest}"
    query = OF_ASSIGNING.replace(":since", _literal(since)).replace(":until", _literal(until))
    query = query.replace(":only", chosen).replace(":newest", limit)
    schema = {"person": pl.Int64, "at": pl.Float64, **WORD_COLUMNS}
    found = staging.copy_out(tx, query, schema)
    moment = (pl.col("at") * 1_000_000).round().cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    return found.with_columns(at=moment)


def keep(
    tx: Connection, situated: pl.DataFrame, *, since: datetime, version: int, now: datetime
) -> None:
    """Keep the situations of sessions after `since` of the profiles of `assigning`.

    What is on record of older sessions stays, and so does what was said of these where it is the
    same persona. Columns: profile_id, session_at, at, persona_id, probability, probabilities,
    reasons (JSON texts).
    """
    staging.copy_in(tx, "situated", situated)
    tx.execute(text(DROP_FORMER), {"since": since})
    tx.execute(text(KEEP), {"version": version, "now": now})


def kept(connection: psycopg.Connection, profile_id: UUID, limit: int) -> list[dict[str, Any]]:
    """What is on record of a profile's situations, newest first."""
    return rows(connection, KEPT, (profile_id, limit))


def as_json(value: object) -> str:
    """Compact JSON text."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _literal(moment: datetime) -> str:
    return f"timestamptz '{moment.isoformat()}'"
