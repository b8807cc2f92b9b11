"""Landing: what a batch says becomes source records and events, once, however often it is said."""

from dataclasses import astuple, dataclass
from datetime import datetime
from uuid import UUID

import polars as pl
from sqlalchemy import Connection, text

from cdp.model.batch import Batch
from cdp.store import staging
from cdp.store.landing import events
from cdp.store.landing.aggregates import Tally

_LAST = 2**63 - 1

# Two deliveries of one channel wait for each other; channels do not.
LOCK_CHANNEL = "SELECT pg_advisory_xact_lock(hashtextextended('land:' || :channel, 0))"

STAGE_KEYS = """
INSERT INTO staged_key (record_key, record_uid, fresh)
SELECT said.record_key, coalesce(known.record_uid, uuidv7()), known.record_uid IS NULL
FROM staged_said AS said
LEFT JOIN record_key AS known ON known.channel = :channel AND known.record_key = said.record_key
ORDER BY said.place
"""
KEYS = "SELECT record_key, record_uid, fresh::int FROM staged_key"
KEY_COLUMNS = {"record_key": pl.String, "record_uid": pl.String, "fresh": pl.Int64}

INSERT_KEYS = """
WITH added AS (
    INSERT INTO record_key (channel, record_key, record_uid)
    SELECT :channel, record_key, record_uid FROM staged_key WHERE fresh ORDER BY record_key
    RETURNING record_uid, record_key),
noted AS (INSERT INTO fresh_record SELECT record_uid, :channel, record_key FROM added)
INSERT INTO touched_record SELECT record_uid, true FROM added
"""

# A row without a time of its own is taken at the time of its delivery; where it only repeats the
# record's newest version it says nothing new. Equal times within one delivery are told apart by
# recorded_at, so that the later row corrects the earlier.
INSERT_VERSIONS = """
WITH said AS (
    SELECT DISTINCT ON (k.record_uid, at, hash)
        k.record_uid, k.fresh, s.observed_at IS NULL AS untimed, at, hash, s.content,
        :recorded_at + (row_number() OVER (PARTITION BY k.record_uid, at ORDER BY s.row) - 1)
            * interval '1 microsecond' AS recorded_at
    FROM staged_record AS s
    JOIN staged_key AS k USING (record_key),
    LATERAL (SELECT coalesce(s.observed_at, :delivered_at) AS at,
                    md5(s.content::text)::uuid AS hash) AS derived
    ORDER BY k.record_uid, at, hash, s.row),
added AS (
    INSERT INTO record_version (record_uid, observed_at, content_hash, content, recorded_at)
    SELECT record_uid, at, hash, content, recorded_at FROM said
    WHERE fresh OR NOT untimed OR hash IS DISTINCT FROM (
        SELECT v.content_hash FROM record_version AS v WHERE v.record_uid = said.record_uid
        ORDER BY v.observed_at DESC, v.recorded_at DESC, v.content_hash LIMIT 1)
    ON CONFLICT DO NOTHING
    RETURNING record_uid, observed_at, content_hash,
        content -> 'traits' ?| ARRAY['name', 'birth_date', 'address', 'gender', 'company_name', 'location']
            AS tells)
INSERT INTO staged_version SELECT record_uid, observed_at, content_hash, tells FROM added
"""

# What people are recognised by has changed: it is decided anew who the record is, and the next
# linking compares it with all others. Most pushed profiles only say again what they said before.
TOUCH_VERSIONS = """
WITH news AS (
    SELECT DISTINCT l.record_uid FROM staged_version AS l JOIN staged_key AS k USING (record_uid)
    WHERE l.tells AND (k.fresh OR l.content_hash IS DISTINCT FROM (
        SELECT v.content_hash FROM record_version AS v
        WHERE v.record_uid = l.record_uid AND v.recorded_at < :recorded_at
        ORDER BY v.observed_at DESC, v.recorded_at DESC, v.content_hash LIMIT 1))),
queued AS (
    INSERT INTO unscored_record SELECT record_uid, CAST(:recorded_at AS timestamptz) FROM news)
INSERT INTO touched_record SELECT said.record_uid, news.record_uid IS NOT NULL
FROM (SELECT DISTINCT record_uid FROM staged_version) AS said LEFT JOIN news USING (record_uid)
"""

# Of records that were there before; those of fresh ones are copied in.
INSERT_IDENTIFIERS = """
WITH added AS (
    INSERT INTO record_identifier (namespace, value, record_uid, observed_at, recorded_at)
    SELECT s.namespace, s.value, k.record_uid, min(coalesce(s.observed_at, :delivered_at)), :recorded_at
    FROM staged_identifier AS s JOIN staged_key AS k USING (record_key)
    WHERE NOT EXISTS (
        SELECT FROM record_identifier AS known
        WHERE known.namespace = s.namespace AND known.value = s.value
          AND known.record_uid = k.record_uid AND known.withdrawn_at IS NULL
          AND known.observed_at <= coalesce(s.observed_at, :delivered_at))
    GROUP BY s.namespace, s.value, k.record_uid ORDER BY 1, 2, 3
    ON CONFLICT (namespace, value, record_uid) DO UPDATE
        SET observed_at = least(record_identifier.observed_at, excluded.observed_at),
            withdrawn_at = NULL
        WHERE record_identifier.withdrawn_at IS NOT NULL
           OR excluded.observed_at < record_identifier.observed_at
    RETURNING record_uid),
queued AS (
    INSERT INTO unscored_record SELECT record_uid, CAST(:recorded_at AS timestamptz)
    FROM added JOIN staged_key USING (record_uid) WHERE NOT fresh)
INSERT INTO touched_record SELECT DISTINCT record_uid, true FROM added
"""

# Another content for the same record and time is a correction: what it no longer says was wrong.
WITHDRAW_CORRECTED = """
WITH withdrawn AS (
UPDATE record_identifier AS i SET withdrawn_at = :recorded_at
FROM (SELECT DISTINCT l.record_uid, l.observed_at, k.record_key
      FROM staged_version AS l
      JOIN staged_key AS k ON k.record_uid = l.record_uid AND NOT k.fresh
      JOIN record_version AS v ON v.record_uid = l.record_uid AND v.observed_at = l.observed_at
                              AND v.content_hash <> l.content_hash) AS corrected
WHERE i.record_uid = corrected.record_uid AND i.observed_at = corrected.observed_at
  AND i.withdrawn_at IS NULL
  AND NOT EXISTS (SELECT FROM staged_identifier AS s WHERE s.record_key = corrected.record_key
                  AND s.namespace = i.namespace AND s.value = i.value)
RETURNING i.record_uid)
INSERT INTO touched_record SELECT DISTINCT record_uid, true FROM withdrawn
"""

# Consents, memberships and accounts are statements that only add up: in whatever order they come,
# the same set of them remains.
INSERT_CONSENTS = """
WITH added AS (
    INSERT INTO record_consent (record_uid, purpose, medium, observed_at, state, proof, recorded_at)
    SELECT DISTINCT ON (k.record_uid, s.purpose, s.medium, at, s.state)
        k.record_uid, s.purpose, s.medium, at, s.state, s.proof, :recorded_at
    FROM staged_consent AS s JOIN staged_key AS k USING (record_key),
    LATERAL (SELECT coalesce(s.observed_at, :delivered_at) AS at) AS derived
    ORDER BY k.record_uid, s.purpose, s.medium, at, s.state, s.proof
    ON CONFLICT DO NOTHING
    RETURNING record_uid)
INSERT INTO touched_record SELECT DISTINCT record_uid, false FROM added
"""

INSERT_MEMBERSHIPS = """
WITH added AS (
    INSERT INTO record_membership
        (record_uid, statement_id, organisation, kind, role, since, until, recorded_at)
    SELECT DISTINCT k.record_uid,
        md5(ROW (s.organisation, s.kind, s.role, s.since, s.until)::text)::uuid,
        s.organisation, s.kind, s.role, s.since, s.until, CAST(:recorded_at AS timestamptz)
    FROM staged_membership AS s JOIN staged_key AS k USING (record_key)
    ON CONFLICT DO NOTHING
    RETURNING record_uid)
INSERT INTO touched_record SELECT DISTINCT record_uid, false FROM added
"""

INSERT_ACCOUNTS = """
WITH added AS (
    INSERT INTO record_account
        (record_uid, statement_id, account_namespace, account_key, role, since, until, recorded_at)
    SELECT DISTINCT k.record_uid,
        md5(ROW (s.account_namespace, s.account_key, s.role, s.since)::text
            || coalesce(s.until::text, ''))::uuid,
        s.account_namespace, s.account_key, s.role, s.since, s.until,
        CAST(:recorded_at AS timestamptz)
    FROM staged_account AS s JOIN staged_key AS k USING (record_key)
    ON CONFLICT DO NOTHING
    RETURNING record_uid)
INSERT INTO touched_record SELECT DISTINCT record_uid, false FROM added
"""

# A row that waits already is not put there again: tables and endpoints are read anew from their
# watermark on, and a corrected file repeats what was not corrected.
INSERT_REJECTS = """
INSERT INTO quarantine (quarantine_id, channel, delivery_id, delivery, row, field, rule, value,
                        reason, raw, state, recorded_at)
SELECT uuidv7(), :channel, :delivery_id, :delivery, row, field, rule, value, reason, raw, 'open',
       :recorded_at
FROM staged_reject AS s
WHERE NOT EXISTS (
    SELECT FROM quarantine AS q
    WHERE q.channel = :channel AND q.state = 'open' AND q.delivery = :delivery
      AND q.delivery_id <> :delivery_id AND q.raw = s.raw AND q.rule = s.rule)
ORDER BY row
"""


@dataclass(frozen=True)
class Delivered:
    """The delivery a batch belongs to: its channel, its own time and when we recorded it.

    `corrects`: whether another content for the same record and time takes identifiers back, as a
    corrected row of a file does; two messages of one moment say both.
    """

    delivery_id: UUID
    channel: str
    name: str
    delivered_at: datetime
    recorded_at: datetime
    corrects: bool = True


@dataclass(frozen=True)
class Landed:
    """Rows of one delivery by what became of them."""

    read: int = 0
    quarantined: int = 0
    versions: int = 0
    events: int = 0
    revised_events: int = 0

    @property
    def accepted(self) -> int:
        """Rows that were not quarantined."""
        return self.read - self.quarantined

    def __add__(self, other: "Landed") -> "Landed":
        return Landed(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def begin(tx: Connection, channel: str) -> None:
    """Make ready to land deliveries of `channel` in this transaction; waits for another of it."""
    staging.prepare(tx)
    tx.execute(text(LOCK_CHANNEL), {"channel": channel})


def land(
    tx: Connection,
    delivered: Delivered,
    batch: Batch,
    identifiers: pl.DataFrame,
    tally: Tally,
    *,
    redelivered: bool = False,
) -> Landed:
    """Land one chunk of a delivery.

    `identifiers` are the batch's, normalised: record_key, namespace, value, observed_at. New
    events are added to `tally`, rejected rows go to quarantine. `redelivered`: the delivery landed
    before and now may say of other records what it said then.
    """
    staging.truncate(tx, staging.CHUNK_TABLES)
    _stage(tx, batch, identifiers)
    parameters = {
        "channel": delivered.channel,
        "recorded_at": delivered.recorded_at,
        "delivered_at": delivered.delivered_at,
    }
    count = tx.execute(text(STAGE_KEYS), parameters).rowcount
    staging.analyze(tx, "staged_key")
    keys = _keys(tx, count)
    if keys["fresh"].any():
        tx.execute(text(INSERT_KEYS), parameters)
    versions, landed_events, revised_events = 0, 0, 0
    fresh = identifiers.join(keys.filter("fresh"), on="record_key")
    known = identifiers.join(keys.filter(~pl.col("fresh")), on="record_key", how="semi")
    staging.copy_in(tx, "staged_identifier", known)
    if not batch.records.is_empty():
        versions = tx.execute(text(INSERT_VERSIONS), parameters).rowcount
        if versions:
            tx.execute(text(TOUCH_VERSIONS), parameters)
        if versions and delivered.corrects:
            tx.execute(text(WITHDRAW_CORRECTED), parameters)
    _copy_identifiers(tx, delivered, fresh)
    if not known.is_empty():
        tx.execute(text(INSERT_IDENTIFIERS), parameters)
    if not batch.events.is_empty():
        # The last of several rows with one message id corrects the others.
        said = batch.events.unique(["record_key", "message_id"], keep="last")
        new, revised_events = events.land_events(
            tx, said, keys, delivered.recorded_at, redelivered=redelivered
        )
        tally.add(new)
        tally.revised += revised_events
        landed_events = new.height
    for frame, statement in (
        (batch.consents, INSERT_CONSENTS),
        (batch.memberships, INSERT_MEMBERSHIPS),
        (batch.accounts, INSERT_ACCOUNTS),
    ):
        if not frame.is_empty():
            tx.execute(text(statement), parameters)
    if not batch.rejects.is_empty():
        origin = {"delivery_id": delivered.delivery_id, "delivery": delivered.name}
        tx.execute(text(INSERT_REJECTS), parameters | origin)
    return Landed(batch.rows_read, batch.rejects.height, versions, landed_events, revised_events)


def _stage(tx: Connection, batch: Batch, identifiers: pl.DataFrame) -> None:
    staging.copy_in(tx, "staged_said", _said(batch, identifiers))
    staging.copy_in(tx, "staged_record", batch.records)
    staging.copy_in(tx, "staged_consent", batch.consents)
    staging.copy_in(tx, "staged_membership", batch.memberships)
    staging.copy_in(tx, "staged_account", batch.accounts)
    staging.copy_in(tx, "staged_reject", batch.rejects)


def _said(batch: Batch, identifiers: pl.DataFrame) -> pl.DataFrame:
    """Every record key that the batch speaks of, and its place: records first, as they came."""
    mentions = (batch.events, identifiers, batch.consents, batch.memberships, batch.accounts)
    rows = batch.records.lazy().select("record_key", place="row")
    later = [
        frame.lazy().select("record_key", place=pl.lit(_LAST))
        for frame in mentions
        if not frame.is_empty()
    ]
    said = pl.concat([rows, *later]).group_by("record_key").agg(pl.col("place").min())
    # Keys of one place go by themselves, so that who is older is no accident.
    order = said.sort("place", "record_key").select("record_key").with_row_index("place")
    return order.cast({"place": pl.Int64}).collect()


def _copy_identifiers(tx: Connection, delivered: Delivered, fresh: pl.DataFrame) -> None:
    """Copy in the identifiers of fresh records, of which the store can know none."""
    if fresh.is_empty():
        return
    key = ("namespace", "value", "record_uid")
    said = fresh.lazy().with_columns(pl.col("observed_at").fill_null(delivered.delivered_at))
    once = said.group_by(key).agg(pl.col("observed_at").min()).sort(key)
    rows = once.with_columns(recorded_at=pl.lit(delivered.recorded_at)).collect()
    staging.copy_new(tx, "record_identifier", rows)


def _keys(tx: Connection, count: int) -> pl.DataFrame:
    found = staging.reader(count)(tx, KEYS, KEY_COLUMNS)
    return found.with_columns(pl.col("fresh") == 1)
