"""Texts and their scores: what waits to be scored, what was rated, and models by language."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl
import psycopg
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.profile.read import rows

# A channel may name a property in each event and fill it in few; by its name the index finds it.
NAMES_TEXT = "e.properties ?| ARRAY['text', 'comment', 'message']"
SAID = """coalesce(nullif(btrim(e.properties ->> 'text'), ''),
    nullif(btrim(e.properties ->> 'comment'), ''), nullif(btrim(e.properties ->> 'message'), ''))"""
COUNTS = "(r.counts IS NULL OR e.occurred_at <@ r.counts)"  # of deriving_record and event
HAS_TEXT = f"{NAMES_TEXT} AND {SAID} IS NOT NULL"
# A title alone says little (pages have some, too): it goes before its text.
TEXT = f"""
concat_ws('. ', e.properties ->> 'title', {SAID})"""
TELLS = f"(e.score IS NOT NULL OR {NAMES_TEXT}) AND (e.score IS NOT NULL OR {SAID} IS NOT NULL)"

UNSCORED = f"""
SELECT DISTINCT ON (e.record_uid, e.event_id) e.record_uid, e.event_id, e.kind, r.channel, {TEXT}, e.recorded_at::text
FROM deriving_record AS r JOIN event AS e USING (record_uid)
LEFT JOIN text_score AS s USING (record_uid, event_id)
WHERE {HAS_TEXT} AND s.event_recorded_at IS DISTINCT FROM e.recorded_at
ORDER BY e.record_uid, e.event_id"""
STALE = f"""
SELECT e.record_uid, e.event_id, e.kind, r.channel, {TEXT}, e.recorded_at::text
FROM (SELECT record_uid, event_id FROM text_score WHERE scored_at < '{{since}}'
      ORDER BY record_uid, event_id LIMIT {{limit}} FOR UPDATE SKIP LOCKED) AS s
JOIN event AS e USING (record_uid, event_id) JOIN source_record AS r USING (record_uid)
ORDER BY e.record_uid, e.event_id"""
TEXT_COLUMNS = {
    "record_uid": pl.String,
    "event_id": pl.String,
    "kind": pl.String,
    "channel": pl.String,
    "text": pl.String,
    "event_recorded_at": pl.String,
}
DROP_ORPHANS = """
DELETE FROM text_score AS s USING deriving_record AS r
WHERE s.record_uid = r.record_uid AND NOT EXISTS (
    SELECT FROM event AS e WHERE e.record_uid = s.record_uid AND e.event_id = s.event_id)"""
WRITE = """
INSERT INTO text_score (record_uid, event_id, model, language, polarity, tone, confidence, words,
                        aspects, event_recorded_at, scored_at)
SELECT record_uid, event_id, model, language, polarity, tone, confidence, words, aspects,
       event_recorded_at, :now
FROM scored_text ORDER BY record_uid, event_id
ON CONFLICT (record_uid, event_id) DO UPDATE
SET model = excluded.model, language = excluded.language, polarity = excluded.polarity,
    tone = excluded.tone, confidence = excluded.confidence, words = excluded.words,
    aspects = excluded.aspects, event_recorded_at = excluded.event_recorded_at,
    scored_at = excluded.scored_at"""
QUEUE = """
INSERT INTO underived_profile (profile_id, folded)
SELECT DISTINCT profile_id, false FROM scored_text JOIN source_record USING (record_uid)
ORDER BY profile_id ON CONFLICT DO NOTHING"""

# Event ids are hashes: the first by them are a sample, always the same one.
MOST_RATED = 200_000
# Some channels tell a rating and its text as two events of one record, time, order and product.
RATED = f"""
SELECT r.profile_id, r.channel, e.kind, {TEXT}, coalesce(e.score, (
    SELECT avg(o.score) FROM event AS o
    WHERE o.record_uid = e.record_uid AND o.occurred_at = e.occurred_at AND o.score IS NOT NULL
      AND o.order_id IS NOT DISTINCT FROM e.order_id
      AND o.product IS NOT DISTINCT FROM e.product))
FROM event AS e JOIN source_record AS r USING (record_uid)
WHERE {HAS_TEXT} ORDER BY e.event_id, e.record_uid LIMIT {MOST_RATED}"""
RATED_COLUMNS = {
    "person": pl.String,
    "channel": pl.String,
    "kind": pl.String,
    "text": pl.String,
    "score": pl.Float64,
}

# What people feel: stated, read out of their words, or both.
OPINIONS = f"""
SELECT r.n, e.record_uid, date_part('epoch', e.occurred_at), e.order_id, e.product, e.category,
       e.score, s.polarity, s.confidence, s.words::text
FROM deriving_record AS r JOIN event AS e USING (record_uid)
LEFT JOIN text_score AS s USING (record_uid, event_id)
WHERE {TELLS} AND {COUNTS}"""
OPINION_COLUMNS = {
    "n": pl.Int32,
    "record_uid": pl.String,
    "at": pl.Float64,
    "order_id": pl.String,
    "product": pl.String,
    "category": pl.String,
    "score": pl.Float64,
    "polarity": pl.Float64,
    "confidence": pl.Float64,
    "words": pl.String,
}
ASPECTS = f"""
SELECT r.n, said.key, round(avg((said.value ->> 'polarity')::numeric), 4)::float8
FROM deriving_record AS r JOIN text_score AS s USING (record_uid), jsonb_each(s.aspects) AS said
WHERE r.counts IS NULL OR EXISTS (
    SELECT FROM event AS e
    WHERE e.record_uid = s.record_uid AND e.event_id = s.event_id AND {COUNTS})
GROUP BY r.n, said.key"""
ASPECT_COLUMNS = {"n": pl.Int32, "aspect": pl.String, "polarity": pl.Float64}

IN_FORCE = """
SELECT DISTINCT ON (language) language, model, texts FROM sentiment_model
ORDER BY language, trained_at DESC, model"""
NEWEST = """
SELECT greatest((SELECT max(trained_at) FROM sentiment_model),
                (SELECT max(learnt_at) FROM channel_language))"""
MODELS = """
SELECT model, language, trained_at, texts, people, figures,
       trained_at = max(trained_at) OVER (PARTITION BY language) AS in_force,
       (SELECT count(*) FROM text_score AS s WHERE s.model = m.model) AS scored
FROM sentiment_model AS m ORDER BY language, trained_at DESC"""
ADD_MODEL = """
INSERT INTO sentiment_model (model, language, trained_at, texts, people, figures, document)
VALUES (:model, :language, :trained_at, :texts, :people, CAST(:figures AS json), :document)
ON CONFLICT (model) DO UPDATE SET trained_at = excluded.trained_at"""
ADD_LANGUAGE = """
INSERT INTO channel_language (channel, language, texts, learnt_at)
VALUES (:channel, :language, :texts, :learnt_at)
ON CONFLICT (channel) DO UPDATE
SET language = excluded.language, texts = excluded.texts, learnt_at = excluded.learnt_at
WHERE channel_language.language <> excluded.language"""

OF_RECORDS = f"""
SELECT e.event_id, e.record_uid, r.channel, e.kind, e.occurred_at, e.product, e.category,
       nullif({TEXT}, '') AS text, e.score AS rating, s.model, s.language, s.polarity, s.tone,
       s.confidence, s.words, s.aspects
FROM source_record AS r JOIN event AS e USING (record_uid)
LEFT JOIN text_score AS s USING (record_uid, event_id)
WHERE r.record_uid = ANY(%s) AND {TELLS}
ORDER BY e.occurred_at DESC, e.event_id LIMIT %s"""


def unscored(tx: Connection) -> pl.DataFrame:
    """The texts of the profiles at hand that were not scored as they are now (TEXT_COLUMNS)."""
    return staging.fetch(tx, UNSCORED, TEXT_COLUMNS)


def stale(tx: Connection, since: datetime, limit: int) -> pl.DataFrame:
    """Up to `limit` texts that were scored before `since`, kept from others that score them anew."""
    query = STALE.format(since=since.isoformat(), limit=limit)
    return staging.copy_out(tx, query, TEXT_COLUMNS)


def rated(tx: Connection) -> pl.DataFrame:
    """Texts (RATED_COLUMNS) with who wrote them; score is null where nothing was stated.

    All of them, or an even sample of MOST_RATED.
    """
    return staging.copy_out(tx, RATED, RATED_COLUMNS)


def opinions(tx: Connection) -> pl.DataFrame:
    """What the profiles at hand feel, stated and read, one row an event (OPINION_COLUMNS)."""
    return staging.fetch(tx, OPINIONS, OPINION_COLUMNS)


def aspects(tx: Connection) -> pl.DataFrame:
    """What the texts of the profiles at hand feel about each aspect (ASPECT_COLUMNS), in the mean."""
    return staging.fetch(tx, ASPECTS, ASPECT_COLUMNS)


def write(tx: Connection, scores: pl.DataFrame, now: datetime) -> None:
    """Keep scores (record_uid, event_id and the columns of `scored_text`), in place of former ones."""
    packed = scores.with_columns(
        words=pl.lit("[")
        + pl.col("words")
        .list.eval(pl.lit('"') + pl.element().str.replace_all(r'["\\]', "") + pl.lit('"'))
        .list.join(",")
        + pl.lit("]")
    )
    staging.copy_in(tx, "scored_text", packed)
    tx.execute(text(WRITE), {"now": now})


def forget_orphans(tx: Connection) -> None:
    """Drop scores of events that the records at hand no longer have."""
    tx.execute(text(DROP_ORPHANS))


def queue(tx: Connection) -> int:
    """Have the profiles of what was just written derived anew; how many were not queued yet."""
    return tx.execute(text(QUEUE)).rowcount


def models_in_force(tx: Connection) -> Mapping[str, str]:
    """The id of the model of each language that has one."""
    return {row.language: row.model for row in tx.execute(text(IN_FORCE))}


def learnt_from(tx: Connection) -> Mapping[str, int]:
    """How many texts the model in force of each language was learnt from."""
    return {row.language: row.texts for row in tx.execute(text(IN_FORCE))}


def document(tx: Connection, model: str) -> bytes:
    """A model as it was kept."""
    query = text("SELECT document FROM sentiment_model WHERE model = :model")
    return tx.execute(query, {"model": model}).scalar_one()


def usual_languages(tx: Connection) -> Mapping[str, str]:
    """The language of most texts of each channel, where it was learnt."""
    query = text("SELECT channel, language FROM channel_language")
    return {row.channel: row.language for row in tx.execute(query)}


def learnt_at(tx: Connection) -> datetime | None:
    """When anything was last learnt that scores depend on."""
    return tx.execute(text(NEWEST)).scalar_one()


def add_model(tx: Connection, model: Mapping[str, Any]) -> None:
    """Put a model in force: model, language, trained_at, texts, people, figures, document."""
    said = dict(model) | {"figures": json.dumps(model["figures"])}
    tx.execute(text(ADD_MODEL), said)


def add_language(
    tx: Connection, channel: str, language: str, texts: int, learnt_at: datetime
) -> None:
    """Keep which language a channel usually speaks."""
    said = {"channel": channel, "language": language, "texts": texts, "learnt_at": learnt_at}
    tx.execute(text(ADD_LANGUAGE), said)


def models(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Every model kept, without its document."""
    return rows(connection, MODELS, ())


def of_records(
    connection: psycopg.Connection, records: list[UUID], limit: int
) -> list[dict[str, Any]]:
    """What was rated or written by these records, newest first, with its scores."""
    return rows(connection, OF_RECORDS, (records, limit))
