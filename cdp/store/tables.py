"""The whole schema on one page.

Every table declares its scope (the key it would be distributed by, see docs/operations.md):
record (by record_uid), profile (by profile_id), key (by the looked-up value), reference (small,
everywhere), local (queues and ledgers). Every text or json column says whether it may hold
personal data: `pii()` or `plain(reason)`; erasure, export and log scanning read the mark.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s__%(column_0_N_name)s",
        "fk": "fk_%(table_name)s__%(column_0_N_name)s",
    }
)

# Keys compare by bytes: the same order on every machine, and several times faster than a locale's.
Words = Text(collation="C")
Instant = DateTime(timezone=True)
Money = Numeric(18, 4)
Total = Numeric(38, 4)  # of many amounts


def pii(name: str, kind: Any = Words, **options: Any) -> Column[Any]:
    """A column that can hold personal data."""
    return Column(name, kind, info={"pii": True}, **options)


def plain(name: str, why: str, kind: Any = Words, **options: Any) -> Column[Any]:
    """A text or json column that holds no personal data, and why."""
    return Column(name, kind, info={"pii": False, "why": why}, **options)


def _uid(name: str, **options: Any) -> Column[Any]:
    return Column(name, Uuid, nullable=False, **options)


def _at(name: str, *, nullable: bool = False, **options: Any) -> Column[Any]:
    return Column(name, Instant, nullable=nullable, **options)


def _channel(**options: Any) -> Column[Any]:
    return plain("channel", "a name from a declaration", **({"nullable": False} | options))


# ── reference ────────────────────────────────────────────────────────────────────────────────
channel = Table(
    "channel",
    metadata,
    _channel(primary_key=True),
    plain("subject", "person or account", nullable=False),
    plain("description", "written by the data engineer", nullable=False),
    Column("trust", BigInteger, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    _at("declared_at"),
    info={"scope": "reference"},
)

# ── key ──────────────────────────────────────────────────────────────────────────────────────
record_key = Table(
    "record_key",
    metadata,
    _channel(primary_key=True),
    pii("record_key", primary_key=True),
    _uid("record_uid"),
    info={"scope": "key", "key": ("channel", "record_key")},
)

record_identifier = Table(
    "record_identifier",
    metadata,
    plain("namespace", "a name from a declaration", primary_key=True),
    pii("value", primary_key=True),
    _uid("record_uid", primary_key=True),
    _at("observed_at"),
    _at("recorded_at"),
    _at("withdrawn_at", nullable=True),
    Index(None, "record_uid"),
    info={"scope": "key", "key": ("namespace", "value")},
)

identifier_block = Table(
    "identifier_block",
    metadata,
    plain("namespace", "a name from a declaration", primary_key=True),
    pii("value", primary_key=True),
    Column("records", BigInteger, nullable=False),
    _at("blocked_at"),
    info={"scope": "key", "key": ("namespace", "value")},
)

pushed_message = Table(
    "pushed_message",
    metadata,
    _channel(primary_key=True),
    _uid("message_uid", primary_key=True),
    _at("recorded_at"),
    info={"scope": "key", "key": ("channel", "message_uid")},
)

# ── record ───────────────────────────────────────────────────────────────────────────────────
source_record = Table(
    "source_record",
    metadata,
    _uid("record_uid", primary_key=True),
    _channel(),
    pii("record_key", nullable=False),
    _uid("profile_id"),
    _uid("component_id"),
    _at("recorded_at"),
    Index(None, "profile_id"),
    Index(None, "component_id"),
    info={"scope": "record"},
)

record_version = Table(
    "record_version",
    metadata,
    _uid("record_uid", primary_key=True),
    _at("observed_at", primary_key=True),
    _uid("content_hash", primary_key=True),
    pii("content", JSONB, nullable=False),
    _at("recorded_at"),
    info={"scope": "record"},
)

event = Table(
    "event",
    metadata,
    _uid("record_uid", primary_key=True),
    _uid("event_id", primary_key=True),
    _at("occurred_at"),
    plain("kind", "a word of the declaration", nullable=False),
    pii("order_id"),
    plain("product", "a product, not a person"),
    plain("category", "a product category, not a person"),
    Column("quantity", Money),
    Column("amount", Money),
    Column("discount", Money),
    plain("currency", "ISO 4217"),
    Column("score", Double),
    pii("properties", JSONB, nullable=False),
    _at("recorded_at"),
    Index(None, "record_uid", "occurred_at"),
    Index("ix_event__recorded_at", "recorded_at", postgresql_using="brin"),
    # What sentiment reads; texts are found by it alone as well.
    Index(
        "ix_event__opinion",
        "record_uid",
        postgresql_where=text(
            "score IS NOT NULL OR properties ?| ARRAY['text', 'comment', 'message']"
        ),
    ),
    info={"scope": "record"},
)

event_revision = Table(
    "event_revision",
    metadata,
    _uid("record_uid", primary_key=True),
    _uid("event_id", primary_key=True),
    _at("superseded_at", primary_key=True),
    _at("recorded_at"),
    pii("event", JSONB, nullable=False),
    info={"scope": "record"},
)

record_aggregate = Table(
    "record_aggregate",
    metadata,
    _uid("record_uid", primary_key=True),
    plain("kind", "a word of the declaration", primary_key=True),
    plain("currency", "ISO 4217; empty where no money is meant", primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("amount", Total, nullable=False),
    Column("discount", Total, nullable=False),
    Column("scores", BigInteger, nullable=False),
    Column("score", Double, nullable=False),
    _at("first_at"),
    _at("last_at"),
    info={"scope": "record"},
)

record_consent = Table(
    "record_consent",
    metadata,
    _uid("record_uid", primary_key=True),
    plain("purpose", "a word of the declaration", primary_key=True),
    plain("medium", "a word of the declaration", primary_key=True),
    _at("observed_at", primary_key=True),
    plain("state", "granted, denied or withdrawn", primary_key=True),
    pii("proof"),
    _at("recorded_at"),
    info={"scope": "record"},
)

record_membership = Table(
    "record_membership",
    metadata,
    _uid("record_uid", primary_key=True),
    _uid("statement_id", primary_key=True),
    pii("organisation", nullable=False),
    plain("kind", "a word of the declaration"),
    pii("role"),
    Column("since", Date),
    Column("until", Date),
    _at("recorded_at"),
    info={"scope": "record"},
)

record_account = Table(
    "record_account",
    metadata,
    _uid("record_uid", primary_key=True),
    _uid("statement_id", primary_key=True),
    plain("account_namespace", "a name from a declaration", nullable=False),
    pii("account_key", nullable=False),
    pii("role"),
    Column("since", Date),
    Column("until", Date),
    _at("recorded_at"),
    Index(None, "account_namespace", "account_key"),
    info={"scope": "record"},
)

refused_link = Table(
    "refused_link",
    metadata,
    _uid("record_uid", primary_key=True),
    _uid("other_uid", primary_key=True),
    plain("namespace", "a name from a declaration", primary_key=True),
    pii("value", primary_key=True),
    plain("reason", "the veto or limit that forbade it", nullable=False),
    _at("refused_at"),
    info={"scope": "record"},
)

rectification = Table(
    "rectification",
    metadata,
    _uid("record_uid", primary_key=True),
    plain("trait", "a name from the registry", primary_key=True),
    _at("decided_at", primary_key=True),
    pii("value", JSONB, nullable=False),
    pii("decided_by", nullable=False),
    pii("reason", nullable=False),
    _at("withdrawn_at", nullable=True),
    info={"scope": "record"},
)

# ── profile ──────────────────────────────────────────────────────────────────────────────────
profile = Table(
    "profile",
    metadata,
    _uid("profile_id", primary_key=True),
    plain("subject", "person or account", nullable=False),
    Column("records", BigInteger, nullable=False),
    pii("body", JSONB, nullable=False),
    pii("search_text", nullable=False),
    _at("changed_at"),
    Index(
        "ix_profile__search_text",
        "search_text",
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    ),
    info={"scope": "profile"},
    # Bodies of 2 to 8 KB stay in their row as they are: packing costs more than a look-up.
    postgresql_with={"toast_tuple_target": 8160},
)

# ── local ────────────────────────────────────────────────────────────────────────────────────
touched_profile = Table(
    "touched_profile",
    metadata,
    _uid("profile_id", index=True),  # not unique: who lands never waits for who folds
    info={"scope": "local"},
)

stale_profile = Table(
    "stale_profile",
    metadata,
    _uid("profile_id", primary_key=True),
    info={"scope": "local"},
)

folded_profile = Table(
    "folded_profile",
    metadata,
    _uid("profile_id"),  # without a key: who folds never waits for who concludes
    info={"scope": "local"},
)

delivery = Table(
    "delivery",
    metadata,
    _uid("delivery_id", primary_key=True),
    _channel(),
    plain("name", "a file's path or a source's name", nullable=False),
    plain("sha256", "a digest of a whole file"),
    plain("partition", "a day"),
    plain("watermark", "a cursor: a time or a running number"),
    Column("size", BigInteger),
    _at("modified_at", nullable=True),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_accepted", BigInteger, nullable=False),
    Column("rows_quarantined", BigInteger, nullable=False),
    plain("counts", "numbers only", JSONB, nullable=False),
    _at("recorded_at"),
    Index(None, "channel", "recorded_at"),
    info={"scope": "local"},
)

quarantine = Table(
    "quarantine",
    metadata,
    _uid("quarantine_id", primary_key=True),
    _channel(),
    _uid("delivery_id"),
    plain("delivery", "a file's path or a source's name", nullable=False),
    Column("row", BigInteger, nullable=False),
    plain("field", "a column's name"),
    plain("rule", "a word of the contract", nullable=False),
    pii("value"),
    pii("reason", nullable=False),
    pii("raw", JSONB, nullable=False),
    plain("state", "open, replayed or superseded", nullable=False),
    _at("recorded_at"),
    _at("replayed_at", nullable=True),
    Index(None, "channel", "state", "recorded_at"),
    Index(None, "delivery_id"),
    info={"scope": "local"},
)

identity_log = Table(
    "identity_log",
    metadata,
    _uid("entry_id", primary_key=True),
    _at("logged_at"),
    plain("action", "merge, split, block or cut", nullable=False),
    Column("profile_id", Uuid),
    Column("other_id", Uuid),
    plain("namespace", "a name from a declaration"),
    pii("value"),
    plain("cause", "a rule's words", nullable=False),
    Index(None, "profile_id"),
    Index(None, "other_id"),
    info={"scope": "local"},
)

# Keys, audit, changes and webhooks: the service's own.
api_key = Table(
    "api_key",
    metadata,
    plain("key_id", "the public part of a key, made by us", primary_key=True),
    plain("name", "of the system that uses it", nullable=False),
    plain("secret_hash", "SHA-256 of the secret part", nullable=False),
    plain("scopes", "words of ours", JSONB, nullable=False),
    plain("channel", "the channel of what is pushed with it"),
    plain("fields", "names of fields, parts and traits", JSONB),
    plain("purposes", "words of the installation", JSONB),
    Column("requests_per_second", BigInteger, nullable=False),
    _at("created_at"),
    _at("expires_at", nullable=True),
    _at("revoked_at", nullable=True),
    _at("last_used_at", nullable=True),
    info={"scope": "local"},
)

audit_entry = Table(
    "audit_entry",
    metadata,
    _uid("entry_id", primary_key=True),
    _at("at"),
    plain("key_id", "the public part of a key", nullable=False),
    plain("purpose", "a word of the installation"),
    plain("action", "a word of ours", nullable=False),
    Column("profile_id", Uuid),
    _uid("request_id"),
    Index(None, "profile_id"),
    info={"scope": "local"},
)

profile_change = Table(
    "profile_change",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _uid("profile_id"),
    _at("changed_at"),
    info={"scope": "local"},
)

webhook = Table(
    "webhook",
    metadata,
    _uid("webhook_id", primary_key=True),
    plain("url", "the address of a system", nullable=False),
    plain("kinds", "words of ours", JSONB, nullable=False),
    plain("secret", "signs what is sent; made by us", nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("cell_position", BigInteger),  # its place among the changes of segments
    _at("created_at"),
    _at("removed_at", nullable=True),
    info={"scope": "local"},
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    _uid("delivery_id", primary_key=True),
    _uid("webhook_id"),
    plain("changes", "kinds, ids and times", JSONB, nullable=False),
    plain("state", "waiting, delivered or dead", nullable=False),
    Column("attempts", BigInteger, nullable=False),
    _at("created_at"),
    _at("due_at"),
    _at("delivered_at", nullable=True),
    plain("answer", "an HTTP status or the kind of a network error"),
    Index(None, "state", "due_at"),
    Index(None, "webhook_id", "state"),
    info={"scope": "local"},
)

# ── identity policy ──────────────────────────────────────────────────────────────────────────
policy_version = Table(
    "policy_version",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _at("applied_at"),
    plain("applied_by", "one of the staff", nullable=False),
    plain("note", "why, in the staff's words", nullable=False),
    plain("document", "the guards, as data", JSONB, nullable=False),
    _at("reverted_at", nullable=True),
    plain("reverted_by", "one of the staff"),
    plain("revert_note", "why, in the staff's words"),
    info={"scope": "reference"},
)

# ── decisions and probable links ─────────────────────────────────────────────────────────────
identity_decision = Table(
    "identity_decision",
    metadata,
    _uid("decision_id", primary_key=True),
    plain("verb", "link, cannot_link, detach or undo", nullable=False),
    plain("kind", "link or cannot_link", nullable=False),
    _at("decided_at"),
    plain("decided_by", "one of the staff", nullable=False),
    pii("reason", nullable=False),
    Column("entry_id", Uuid),  # of the identity log: the merge that was undone
    _at("revoked_at", nullable=True),
    plain("revoked_by", "one of the staff"),
    pii("revoke_reason"),
    info={"scope": "reference"},
)

decision_record = Table(
    "decision_record",
    metadata,
    _uid("record_uid", primary_key=True),
    _uid("decision_id", primary_key=True),
    Column("side", BigInteger, nullable=False),
    Index(None, "decision_id"),
    info={"scope": "record"},
)

probable_link = Table(
    "probable_link",
    metadata,
    _uid("record_uid", primary_key=True),
    _uid("other_uid", primary_key=True),
    _at("scored_at", primary_key=True),
    Column("weight", Double, nullable=False),
    Column("probability", Double, nullable=False),
    plain("model", "the id of a model", nullable=False),
    pii("evidence", JSONB, nullable=False),
    _at("superseded_at", nullable=True),
    Index(None, "other_uid"),
    info={"scope": "record"},
)

# ── probabilistic matching ───────────────────────────────────────────────────────────────────
identity_model = Table(
    "identity_model",
    metadata,
    plain("model", "a digest of its parameters", primary_key=True),
    _at("adopted_at"),  # the live model is the one adopted last
    _at("trained_at"),
    Column("records", BigInteger, nullable=False),
    # JSON, not JSONB: what comes back must be what was written, digit by digit.
    plain("document", "shares of agreement, and hashes of frequent values", JSON, nullable=False),
    info={"scope": "reference"},
)

unscored_record = Table(
    "unscored_record",
    metadata,
    _uid("record_uid"),  # without a key: who queues never waits, and a bulk load hardly notices
    _at("queued_at"),
    info={"scope": "local"},
)

# ── derive: what is concluded from a profile ─────────────────────────────────────────────────
underived_profile = Table(
    "underived_profile",
    metadata,
    _uid("profile_id", primary_key=True),
    Column("folded", Boolean, nullable=False),  # its facts may have changed, not only the time
    info={"scope": "local"},
)

derived_profile = Table(
    "derived_profile",
    metadata,
    _uid("profile_id", primary_key=True),
    # Its place in bitmaps, never given twice.
    Column("number", BigInteger, Identity(), nullable=False),
    plain("subject", "person or account", nullable=False),
    pii("traits", JSONB, nullable=False),
    _at("derived_at"),
    _at("due_at", nullable=True),
    Column("parameters", BigInteger, nullable=False),
    Index(None, "number"),
    Index(None, "due_at"),
    info={"scope": "profile"},
    postgresql_with={"toast_tuple_target": 8160},  # as for profile
)

derive_parameters = Table(
    "derive_parameters",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _at("fitted_at"),
    plain("document", "figures of the whole base", JSON, nullable=False),
    Column("orders", BigInteger, nullable=False),  # of all derived persons
    Column("fitted_orders", BigInteger),  # when all that waited at the fit had been derived
    info={"scope": "reference"},
)

# ── sentiment ────────────────────────────────────────────────────────────────────────────────
text_score = Table(
    "text_score",
    metadata,
    _uid("record_uid", primary_key=True),
    _uid("event_id", primary_key=True),
    plain("model", "the id of a model", nullable=False),
    plain("language", "ISO 639-1"),
    Column("polarity", Double, nullable=False),
    plain("tone", "negative, neutral or positive", nullable=False),
    Column("confidence", Double, nullable=False),
    pii("words", JSONB, nullable=False),
    pii("aspects", JSONB, nullable=False),
    _at("event_recorded_at"),  # of the event as it was read: a correction is another
    _at("scored_at"),
    Index(None, "scored_at"),
    info={"scope": "record"},
)

sentiment_model = Table(
    "sentiment_model",
    metadata,
    plain("model", "a digest of its parameters", primary_key=True),
    plain("language", "ISO 639-1", nullable=False),
    _at("trained_at"),  # of a language the model trained last is in force
    Column("texts", BigInteger, nullable=False),
    Column("people", BigInteger, nullable=False),
    plain("figures", "what it was worth on texts held back", JSON, nullable=False),
    Column("document", LargeBinary, nullable=False),  # weights of terms that several people wrote
    Index(None, "language", "trained_at"),
    info={"scope": "reference"},
)

channel_language = Table(
    "channel_language",
    metadata,
    _channel(primary_key=True),
    plain("language", "ISO 639-1: what most of its texts are in", nullable=False),
    Column("texts", BigInteger, nullable=False),
    _at("learnt_at"),
    info={"scope": "reference"},
)

# ── segments and cells ───────────────────────────────────────────────────────────────────────
unsegmented_profile = Table(
    "unsegmented_profile",
    metadata,
    _uid("profile_id", primary_key=True),
    Column("number", BigInteger),  # that a profile had which is no more
    info={"scope": "local"},
)

segment = Table(
    "segment",
    metadata,
    _uid("segment_id", primary_key=True),
    plain("name", "a name from the staff", nullable=False),
    plain("description", "words of the staff", nullable=False),
    plain("subject", "person or account", nullable=False),
    plain("definition", "conditions as data", JSONB, nullable=False),
    _at("created_at"),
    plain("created_by", "one of the staff", nullable=False),
    _at("archived_at", nullable=True),
    _at("evaluated_at", nullable=True),  # over the whole base
    Index("ix_segment__name", "name", unique=True, postgresql_where=text("archived_at IS NULL")),
    info={"scope": "reference"},
)

# The declared dimensions whose cells are kept, as they were declared when that was last done.
dimension = Table(
    "dimension",
    metadata,
    plain("dimension", "a name from a declaration", primary_key=True),
    plain("declaration", "a trait and bins", JSONB, nullable=False),
    _at("evaluated_at"),
    info={"scope": "reference"},
)

profile_cell = Table(
    "profile_cell",
    metadata,
    _uid("profile_id", primary_key=True),
    plain("dimension", "a name from a declaration", primary_key=True),
    pii("cell", primary_key=True),
    _at("entered_at", primary_key=True),
    _at("left_at", nullable=True),
    Index(None, "dimension", "cell"),
    info={"scope": "profile"},
)

cell_bitmap = Table(
    "cell_bitmap",
    metadata,
    plain("dimension", "a name from a declaration", primary_key=True),
    pii("cell", primary_key=True),
    Column("chunk", BigInteger, primary_key=True, autoincrement=False),
    Column("members", BigInteger, nullable=False),
    Column("bits", LargeBinary, nullable=False),  # a roaring bitmap of number & 65535
    info={"scope": "key", "key": ("dimension", "cell")},
)

cell_change = Table(
    "cell_change",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _uid("profile_id"),
    plain("dimension", "a name from a declaration", nullable=False),
    pii("cell", nullable=False),
    plain("change", "enter or leave", nullable=False),
    _at("changed_at"),
    Index(None, "dimension", "cell", "position"),
    info={"scope": "local"},
)

segment_due = Table(
    "segment_due",
    metadata,
    _uid("profile_id", primary_key=True),
    _at("due_at"),
    Index(None, "due_at"),
    info={"scope": "local"},
)

# ── audiences ────────────────────────────────────────────────────────────────────────────────
audience = Table(
    "audience",
    metadata,
    _uid("audience_id", primary_key=True),
    plain("name", "a name from the staff", nullable=False),
    plain("description", "words of the staff", nullable=False),
    plain("crossing", "segments and cells, joined", nullable=False),
    plain("purpose", "a word of the declaration", nullable=False),
    plain("medium", "a word of the declaration", nullable=False),
    plain("fields", "names of traits", JSONB, nullable=False),
    plain("holdout", "the name of a hold-out"),
    _at("created_at"),
    plain("created_by", "one of the staff", nullable=False),
    _at("archived_at", nullable=True),
    Index("ix_audience__name", "name", unique=True, postgresql_where=text("archived_at IS NULL")),
    info={"scope": "reference"},
)

holdout = Table(
    "holdout",
    metadata,
    plain("name", "a name from the staff", primary_key=True),
    Column("key", LargeBinary, nullable=False),  # made by us: who is held out cannot be guessed
    Column("share", Double, nullable=False),
    _at("created_at"),
    info={"scope": "reference"},
)

# Whom nobody may write to whatever they consented to, or which address does not work.
suppression = Table(
    "suppression",
    metadata,
    plain("namespace", "a name from a declaration", primary_key=True),
    pii("value", primary_key=True),
    plain("reason", "a word of ours", primary_key=True),
    plain("note", "why, in the staff's words", nullable=False),
    plain("suppressed_by", "one of the staff", nullable=False),
    _at("suppressed_at"),
    info={"scope": "key", "key": ("namespace", "value")},
)

audience_export = Table(
    "audience_export",
    metadata,
    _uid("export_id", primary_key=True),
    _uid("audience_id"),
    plain("purpose", "a word of the declaration", nullable=False),
    plain("medium", "a word of the declaration", nullable=False),
    plain("crossing", "segments and cells, joined", nullable=False),
    plain("format", "csv, parquet, jsonl or webhook", nullable=False),
    plain("target", "a file's name or a webhook's id", nullable=False),
    plain("fields", "names of traits", JSONB, nullable=False),
    plain("exported_by", "one of the staff or a key", nullable=False),
    _at("as_of"),
    plain("state", "running, done or failed", nullable=False),
    _at("ended_at", nullable=True),
    Column("people", BigInteger, nullable=False),
    Column("held_out", BigInteger, nullable=False),
    plain("left_out", "numbers by reason", JSONB, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    plain("sha256", "a digest of what was handed on"),
    Index(None, "audience_id", "as_of"),
    info={"scope": "local"},
)

audience_contact = Table(
    "audience_contact",
    metadata,
    _uid("profile_id", primary_key=True),
    _uid("export_id", primary_key=True),
    plain("arm", "addressed or held_out", nullable=False),
    _at("at"),
    Index(None, "export_id"),
    info={"scope": "profile"},
)

# ── accounts ─────────────────────────────────────────────────────────────────────────────────
profile_account = Table(
    "profile_account",
    metadata,
    _uid("profile_id", primary_key=True),
    _uid("account_id", primary_key=True),
    # Of a role with two functions there are two rows; empty where it is not known.
    plain("function", "a word of ours", primary_key=True),
    pii("role"),
    plain("level", "a word of ours"),
    Column("since", Date),
    Column("until", Date),
    plain("rule", "a word of ours: by what they belong together", nullable=False),
    Index(None, "account_id"),
    info={"scope": "profile"},
)

unlinked_profile = Table(
    "unlinked_profile",
    metadata,
    _uid("profile_id", primary_key=True),
    info={"scope": "local"},
)

icp = Table(
    "icp",
    metadata,
    plain("name", "a name from the staff", primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    plain("kind", "declared or learnt", nullable=False),
    plain("document", "conditions and weights, or a model", JSONB, nullable=False),
    plain("note", "why, in the staff's words", nullable=False),
    plain("created_by", "one of the staff", nullable=False),
    _at("created_at"),
    _at("archived_at", nullable=True),
    info={"scope": "reference"},
)

# ── personas ─────────────────────────────────────────────────────────────────────────────────
persona = Table(
    "persona",
    metadata,
    _uid("persona_id", primary_key=True),
    plain("kind", "individual, situation or stated", nullable=False),
    plain("name", "made of traits, or written by the staff", nullable=False),
    plain("words", "what the staff wrote over the card", JSONB, nullable=False),
    plain("definition", "of a stated one: traits and signals", JSONB),
    _at("created_at"),
    plain("created_by", "one of the staff, or discovery", nullable=False),
    _at("retired_at", nullable=True),
    info={"scope": "reference"},
)

persona_model = Table(
    "persona_model",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _at("fitted_at"),
    plain("document", "shares and averages of the whole base", JSON, nullable=False),
    info={"scope": "reference"},
)

persona_card = Table(
    "persona_card",
    metadata,
    _uid("persona_id", primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _at("made_at"),
    pii("document", JSONB, nullable=False),  # quotes what people wrote
    info={"scope": "reference"},
)

persona_check = Table(
    "persona_check",
    metadata,
    _at("checked_at", primary_key=True),
    Column("version", BigInteger, nullable=False),
    plain("document", "figures of the whole base", JSONB, nullable=False),
    info={"scope": "reference"},
)

profile_persona = Table(
    "profile_persona",
    metadata,
    _uid("profile_id", primary_key=True),
    _uid("persona_id"),
    Column("probability", Double, nullable=False),
    plain("probabilities", "by persona", JSONB, nullable=False),
    Column("version", BigInteger, nullable=False),
    _at("assigned_at"),
    _at("due_at", nullable=True),  # when the session that is open now ends
    Index(None, "persona_id"),
    Index(None, "due_at"),
    info={"scope": "profile"},
)

profile_situation = Table(
    "profile_situation",
    metadata,
    _uid("profile_id", primary_key=True),
    _at("session_at", primary_key=True),
    _at("at", primary_key=True),
    _uid("persona_id"),
    Column("probability", Double, nullable=False),
    plain("probabilities", "by persona", JSONB, nullable=False),
    pii("reasons", JSONB, nullable=False),
    Column("version", BigInteger, nullable=False),
    _at("recorded_at"),
    info={"scope": "profile"},
)

unassigned_profile = Table(
    "unassigned_profile",
    metadata,
    _uid("profile_id", primary_key=True),
    info={"scope": "local"},
)
