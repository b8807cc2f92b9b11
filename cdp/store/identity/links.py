"""Probable links and the models that made them: what is to be scored, what was, and what came of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import polars as pl
from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from cdp.store import staging
from cdp.store.database import Database
from cdp.store.tables import identity_model

Subject = Literal["person", "account"]

ALONE = "SELECT pg_advisory_lock(hashtextextended('link', 0))"
NOT_ALONE = "SELECT pg_advisory_unlock(hashtextextended('link', 0))"

QUEUE = """
SELECT DISTINCT u.record_uid, u.queued_at FROM unscored_record AS u
JOIN source_record USING (record_uid) JOIN channel USING (channel) WHERE channel.subject = '{subject}'
"""
QUEUE_COLUMNS = {"record_uid": pl.String, "queued_at": pl.String}
LIVE = """
SELECT l.record_uid, l.other_uid FROM probable_link AS l
JOIN source_record USING (record_uid) JOIN channel USING (channel)
WHERE l.superseded_at IS NULL AND channel.subject = '{subject}'
"""
LIVE_COLUMNS = {"left": pl.String, "right": pl.String}

QUEUE_MEMBERS = """
INSERT INTO unscored_record SELECT record_uid, :at FROM source_record
WHERE profile_id = ANY(CAST(:profiles AS uuid[]))
"""
QUEUE_CARRIERS = """
INSERT INTO unscored_record SELECT DISTINCT i.record_uid, CAST(:at AS timestamptz)
FROM unnest(CAST(:namespaces AS text[]), CAST(:values AS text[])) AS junk (namespace, value)
JOIN record_identifier AS i USING (namespace, value)
"""

# A live link of a compared record that was found again as it was stays as it is; every other one
# is of the past. Weights are sums of logarithms: their last digits are no news.
SUPERSEDE = """
WITH concerned AS ({concerned}),
past AS (
    UPDATE probable_link AS l SET superseded_at = :at FROM concerned AS c
    WHERE l.record_uid = c.record_uid AND l.other_uid = c.other_uid AND l.superseded_at IS NULL
      AND NOT EXISTS (
        SELECT FROM scored_pair AS p WHERE p.record_uid = l.record_uid
        AND p.other_uid = l.other_uid AND abs(p.weight - l.weight) < 1e-6)
    RETURNING l.record_uid, l.other_uid, l.weight)
INSERT INTO changed_link SELECT record_uid, other_uid, weight FROM past
"""
OF_ALL = LIVE
OF_COMPARED = """
SELECT l.record_uid, l.other_uid FROM compared_record JOIN probable_link AS l USING (record_uid)
UNION
SELECT l.record_uid, l.other_uid
FROM compared_record AS c JOIN probable_link AS l ON l.other_uid = c.record_uid
"""
# What identifiers and decisions alone have made one person needs no link. Where links take part in
# holding a profile together, all its pairs are kept: no one knows which of them will be needed.
ADD = """
WITH apart AS (
    SELECT p.*, CASE WHEN s.profile_id = o.profile_id THEN s.profile_id END AS common
    FROM scored_pair AS p JOIN source_record AS s USING (record_uid)
    JOIN source_record AS o ON o.record_uid = p.other_uid
    WHERE NOT EXISTS (SELECT FROM probable_link AS l WHERE l.record_uid = p.record_uid
                      AND l.other_uid = p.other_uid AND l.superseded_at IS NULL)),
linked AS (
    SELECT DISTINCT s.profile_id
    FROM source_record AS s
    JOIN (SELECT record_uid, other_uid, weight FROM probable_link WHERE superseded_at IS NULL
          UNION ALL SELECT record_uid, other_uid, weight FROM changed_link) AS l USING (record_uid)
    JOIN source_record AS o ON o.record_uid = l.other_uid AND o.profile_id = s.profile_id
    WHERE l.weight >= :merge_weight
      AND s.profile_id IN (SELECT common FROM apart WHERE common IS NOT NULL)),
added AS (
    INSERT INTO probable_link
        (record_uid, other_uid, scored_at, weight, probability, model, evidence)
    SELECT record_uid, other_uid, :at, weight, probability, :model, evidence FROM apart
    WHERE common IS NULL OR common IN (SELECT profile_id FROM linked)
    ORDER BY record_uid, other_uid
    RETURNING record_uid, other_uid, weight)
INSERT INTO changed_link SELECT record_uid, other_uid, weight FROM added
"""
TOUCH = """
INSERT INTO touched_record
SELECT record_uid, true FROM changed_link WHERE weight >= :merge_weight
UNION SELECT other_uid, true FROM changed_link WHERE weight >= :merge_weight
"""
# What was queued again meanwhile has another time and stays.
DONE = """
DELETE FROM unscored_record AS u USING compared_record AS c
WHERE u.record_uid = c.record_uid AND u.queued_at = c.queued_at
"""

LARGEST = """
SELECT coalesce(max(records), 0) FROM (
    SELECT count(*) AS records FROM source_record WHERE profile_id IN (
        SELECT s.profile_id FROM probable_link AS l JOIN source_record AS s USING (record_uid)
        JOIN source_record AS o ON o.record_uid = l.other_uid AND o.profile_id = s.profile_id
        WHERE l.superseded_at IS NULL AND l.weight >= :merge_weight)
    GROUP BY profile_id) AS held
"""
FIGURES = """
SELECT count(*) FILTER (WHERE weight >= :merge_weight) AS merging,
       count(DISTINCT (least(s.profile_id, o.profile_id), greatest(s.profile_id, o.profile_id)))
           FILTER (WHERE weight < :merge_weight AND s.profile_id <> o.profile_id) AS proposed
FROM probable_link AS l JOIN source_record AS s USING (record_uid)
JOIN source_record AS o ON o.record_uid = l.other_uid WHERE l.superseded_at IS NULL
"""


@dataclass(frozen=True)
class StoredModel:
    """A model as it was adopted: its version, when, and from how many records it was learnt."""

    version: str
    adopted_at: datetime
    trained_at: datetime
    records: int
    document: str


@dataclass(frozen=True)
class LinkFigures:
    """Links that merge, pairs of profiles that are proposed, most records that links help to hold."""

    merging: int
    proposed: int
    largest: int


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Be the only one who links; another run waits. Ends with the connection, whatever happens."""
    with database.autocommit() as connection:
        connection.execute(ALONE)
        try:
            yield
        finally:
            connection.execute(NOT_ALONE)


def live_model(tx: Connection) -> StoredModel | None:
    """The model adopted last; None before the first linking."""
    found = models(tx, limit=1)
    return found[0] if found else None


def models(tx: Connection, limit: int | None = None) -> list[StoredModel]:
    """The models, the live one first."""
    columns = identity_model.c
    query = select(
        columns.model, columns.adopted_at, columns.trained_at, columns.records, columns.document
    ).order_by(columns.adopted_at.desc())
    return [
        StoredModel(*row[:4], document=json.dumps(row[4])) for row in tx.execute(query.limit(limit))
    ]


def adopt(tx: Connection, model: StoredModel) -> None:
    """Let a model be the live one."""
    row = {
        "model": model.version,
        "adopted_at": model.adopted_at,
        "trained_at": model.trained_at,
        "records": model.records,
        "document": json.loads(model.document),
    }
    query = insert(identity_model).values(row)
    known = {"adopted_at": model.adopted_at}
    tx.execute(query.on_conflict_do_update(index_elements=["model"], set_=known))


def queue(tx: Connection, subject: Subject = "person") -> pl.DataFrame:
    """The records to be compared with all others of `subject`: record_uid, queued_at (as text)."""
    return staging.copy_out(tx, QUEUE.format(subject=subject), QUEUE_COLUMNS)


def live_pairs(tx: Connection, subject: Subject = "person") -> pl.DataFrame:
    """The pairs of `subject` that are linked or proposed now: left, right."""
    return staging.copy_out(tx, LIVE.format(subject=subject), LIVE_COLUMNS)


def queue_members(tx: Connection, at: datetime, profiles: Sequence[UUID | str]) -> None:
    """Have all records of some profiles compared anew, since some of them parted."""
    if profiles:
        tx.execute(text(QUEUE_MEMBERS), {"at": at, "profiles": list(profiles)})


def queue_carriers(tx: Connection, at: datetime, values: pl.DataFrame) -> None:
    """Have all records that carry some values (namespace, value) compared anew."""
    if not values.is_empty():
        said = {"namespaces": values["namespace"].to_list(), "values": values["value"].to_list()}
        tx.execute(text(QUEUE_CARRIERS), {"at": at, **said})


def replace(
    tx: Connection,
    at: datetime,
    model: str,
    compared: pl.DataFrame,
    scored: pl.DataFrame,
    *,
    full: bool,
    merge_weight: float,
    subject: Subject = "person",
) -> tuple[int, int]:
    """Write the links that a comparison found in the place of those that it did not.

    Args:
        tx: a transaction that holds the identity lock.
        at: when.
        model: the version of the model.
        compared: record_uid, queued_at of the records that were compared with all others.
        scored: record_uid, other_uid (the larger one), weight, probability, evidence (JSON).
        full: every record of `subject` was compared.
        subject: whether persons or companies were compared.
        merge_weight: links of this weight and more hold profiles together.

    Returns:
        How many links came, and how many went. The records whose merging links did are touched:
        the next resolve of this transaction decides anew to whom they belong.
    """
    staging.copy_in(tx, "compared_record", compared)
    staging.copy_in(tx, "scored_pair", scored)
    tx.execute(text("ANALYZE compared_record, scored_pair"))
    told = {"at": at, "model": model, "merge_weight": merge_weight}
    concerned = OF_ALL.format(subject=subject) if full else OF_COMPARED
    went = tx.execute(text(SUPERSEDE.format(concerned=concerned)), told).rowcount
    came = tx.execute(text(ADD), told).rowcount
    tx.execute(text(DONE))
    tx.execute(text(TOUCH), told)
    return came, went


def figures(tx: Connection, merge_weight: float) -> LinkFigures:
    """The links as they stand."""
    told = {"merge_weight": merge_weight}
    row = tx.execute(text(FIGURES), told).one()
    return LinkFigures(row.merging, row.proposed, tx.execute(text(LARGEST), told).scalar_one())
