"""Pain points and goals: what members complain of and praise, with quotations as evidence."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from cdp.model.persona import Concern, Quotation, Voices
from cdp.store.persona import texts as persona_texts

LEAST_PEOPLE = 3  # that mention an aspect
MOST_CONCERNS = 4
QUOTATIONS = 3
LEFT_OUT = "[…]"
CONTACT = re.compile(
    r"\S+@\S+\.\S+|https?://\S+|www\.\S+|@\w{2,}|\+?\d[\d\s()./-]{5,}\d|\b\d{5,}\b", re.IGNORECASE
)
NO_TEXTS = f"fewer than {LEAST_PEOPLE} members wrote of anything {{}}"


def voices(tx: Connection, persona_id: UUID, aspects: pl.DataFrame) -> tuple[Voices, Voices]:
    """Pain points and goals of a persona; `aspects` as of `persona_texts.aspects`."""
    general = dict(
        aspects.filter(pl.col("persona").is_null()).select("aspect", "polarity").iter_rows()
    )
    own = aspects.filter(pl.col("persona") == str(persona_id), pl.col("people") >= LEAST_PEOPLE)
    return (
        _voices(tx, persona_id, own.filter(pl.col("polarity") < 0), general, sign=-1),
        _voices(tx, persona_id, own.filter(pl.col("polarity") > 0), general, sign=1),
    )


def _voices(
    tx: Connection, persona_id: UUID, told: pl.DataFrame, general: Mapping[str, float], *, sign: int
) -> Voices:
    if told.is_empty():
        return Voices(note=NO_TEXTS.format("they dislike" if sign < 0 else "they like"))
    weight = pl.col("polarity") * sign * pl.col("people").sqrt()
    best = told.sort(weight, "aspect", descending=[True, False]).head(MOST_CONCERNS)
    concerns = [
        Concern(
            aspect=aspect,
            mentions=people,
            polarity=round(polarity, 3),
            base=round(general[aspect], 3),
        )
        for aspect, people, polarity in best.select("aspect", "people", "polarity").iter_rows()
    ]
    quotations: dict[str, Quotation] = {}  # what several wrote in the same words is quoted once
    for concern in concerns:
        for row in persona_texts.quotable(tx, persona_id, concern.aspect, sign=sign):
            if len(quotations) == QUOTATIONS:
                break
            quotation = _quotation(row, concern.aspect)
            quotations.setdefault(quotation.text.casefold(), quotation)
    return Voices(concerns=concerns, quotations=[*quotations.values()])


def _quotation(row: Mapping[str, Any], aspect: str) -> Quotation:
    return Quotation(
        text=scrubbed(row["said"], row["name"]),
        event_id=row["event_id"],
        channel=row["channel"],
        kind=row["kind"],
        written_at=row["written_at"],
        polarity=round(row["polarity"], 3),
        aspect=aspect,
    )


def scrubbed(said: str, name: Mapping[str, str] | None) -> str:
    """`said` without contact data, long numbers, and its author's own name."""
    clean = CONTACT.sub(LEFT_OUT, said)
    for part in (name or {}).values():
        for word in str(part).split():
            if len(word) > 1:
                clean = re.sub(rf"\b{re.escape(word)}\b", LEFT_OUT, clean, flags=re.IGNORECASE)
    return clean.strip()
