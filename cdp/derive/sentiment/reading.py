"""Reading sentiment: of one person, opinion by opinion, and of texts that are in no store."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import polars as pl
import psycopg

from cdp.derive.computed import computed_of
from cdp.derive.sentiment.family import TRAITS
from cdp.derive.sentiment.scoring import scored
from cdp.derive.sentiment.store import scorer_in_force
from cdp.errors import ProfileNotFound
from cdp.model.sentiment import (
    Opinion,
    ProfileSentiment,
    ReadText,
    SentimentModel,
    TextSentiment,
)
from cdp.store.database import Database
from cdp.store.derive import texts

READ = tuple(TextSentiment.model_fields)


def sentiment_of(
    connection: psycopg.Connection, profile_id: UUID, records: list[UUID], limit: int
) -> ProfileSentiment:
    """What these records, a profile's, feel: the computed traits and the newest opinions."""
    return ProfileSentiment(
        profile_id=profile_id,
        overall=_overall(connection, profile_id),
        opinions=[_opinion(row) for row in texts.of_records(connection, records, limit)],
    )


def _overall(connection: psycopg.Connection, profile_id: UUID) -> Mapping[str, Any]:
    try:
        known = computed_of(connection, profile_id).traits
    except ProfileNotFound:  # nothing was concluded of it yet
        return {}
    return {name: known[name] for name in TRAITS if name in known}


def _opinion(row: dict[str, Any]) -> Opinion:
    read = {name: row.pop(name) for name in READ}
    return Opinion(**row, sentiment=TextSentiment(**read) if read["model"] else None)


def read_texts(
    database: Database, said: Sequence[str], *, kind: str = "review", channel: str = ""
) -> list[ReadText]:
    """What the models in force read out of texts; nothing is kept.

    `kind`: of event they would come as; `channel`: whose usual language is meant where a text does
    not tell its own.
    """
    with database.transaction() as tx:
        scorer = scorer_in_force(tx)
    frame = pl.DataFrame({"text": list(said)}, schema={"text": pl.String})
    scores = scored(scorer, frame.with_columns(kind=pl.lit(kind), channel=pl.lit(channel)))
    return [
        ReadText(
            text=text,
            sentiment=TextSentiment.model_validate(row | {"aspects": json.loads(row["aspects"])}),
        )
        for text, row in zip(said, scores.iter_rows(named=True), strict=True)
    ]


def models(database: Database) -> list[SentimentModel]:
    """Every model that was learnt, newest of each language first."""
    with database.autocommit() as connection:
        return [SentimentModel.model_validate(row) for row in texts.models(connection)]
