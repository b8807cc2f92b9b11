"""Cards: what is known of each persona, every figure beside the base's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import numpy as np
import polars as pl
from sqlalchemy import Connection

from cdp.model.persona import Card, Section, StatedPersona, Voices
from cdp.persona import figures
from cdp.persona.features import Part
from cdp.persona.fitted import Fitted
from cdp.persona.people import people as individuals
from cdp.persona.signals import KINDS
from cdp.persona.situation import SituationModel
from cdp.persona.voices import voices
from cdp.store.database import driver
from cdp.store.persona import personas
from cdp.store.persona import texts as persona_texts

SAMPLE = 50_000
SEED = 1
MOST_FIGURES = 8  # of a section
MOST_SIGNALS = 5  # of a kind
LEAST_RATIO = 1.2  # a signal has to be so many times as frequent to stand on a card
TOO_FEW = f"fewer than {figures.LEAST_MEMBERS} members are known by any trait of this part"
ALIKE = "no trait of this part is known of enough people and differs among them"
NOT_PEOPLE = "a situation that anyone may be in: it is told by sessions, not by traits"


def write(tx: Connection, fitted: Fitted, now: datetime) -> None:
    """Write the card of every persona of the version in force."""
    live = {str(row["persona_id"]): row for row in personas.live(driver(tx))}
    counts = personas.people(driver(tx))
    drawn = personas.sample(tx, SAMPLE, SEED)
    people = individuals(tx, fitted.traits(), now)
    history = fitted.history(people)
    aspects = persona_texts.aspects(tx)
    for n, uid in enumerate(fitted.situation.personas):
        if (row := live.get(uid)) is None:
            continue  # everybody, where there is no mixture and the row was retired
        lasting = bool(fitted.situation.lasting[n])
        share = float(fitted.situation.share[n])
        low, high = _interval(share, drawn)
        pains, goals = voices(tx, UUID(uid), aspects) if lasting else (_none(), _none())
        card = Card(
            persona_id=UUID(uid),
            name=row["name"],
            kind=row["kind"],
            version=fitted.version,
            made_at=now,
            text=_text(row["definition"]),
            members=counts.get(UUID(uid), 0),
            share=round(share, 4),
            share_low=low,
            share_high=high,
            sections=_sections(fitted, people, history, n if lasting else None),
            pain_points=pains,
            goals=goals,
            signals=_signals(fitted.situation, n),
            stability=fitted.stability if row["kind"] == "individual" else None,
        )
        personas.put_card(tx, UUID(uid), fitted.version, card.model_dump_json(), now)


def in_order(document: Mapping[str, Any]) -> dict[str, Any]:
    """A stored card with its parts and kinds of signal in their order, which JSONB does not keep."""
    sections, told = document["sections"], document["signals"]
    return {
        **document,
        "sections": {part: sections[part] for part in get_args(Part) if part in sections},
        "signals": {kind: told[kind] for kind in KINDS if kind in told},
    }


def _none() -> Voices:
    return Voices(note=NOT_PEOPLE)


def _text(definition: dict[str, object] | None) -> str:
    return StatedPersona.model_validate(definition).text if definition else ""


def _sections(
    fitted: Fitted, people: pl.DataFrame, history: np.ndarray, persona: int | None
) -> dict[str, Section]:
    if persona is None:
        return {part: Section(note=NOT_PEOPLE) for part in get_args(Part)}
    told = figures.by_part(fitted, figures.every(fitted, people, history, persona))
    used = {each.part for each in fitted.features}
    return {
        part: Section(figures=told[part][:MOST_FIGURES])
        if part in told
        else Section(note=TOO_FEW if part in used else ALIKE)
        for part in get_args(Part)
    }


def _signals(model: SituationModel, persona: int) -> dict[str, dict[str, float]]:
    found = {}
    for kind, told in model.kinds.items():
        ratio = told.shares[persona] / told.base
        weight = told.shares[persona] * np.log(ratio)
        best: Sequence[int] = [
            n for n in np.argsort(-weight)[:MOST_SIGNALS] if ratio[n] >= LEAST_RATIO
        ]
        if best:
            found[kind] = {told.values[n]: round(float(ratio[n]), 2) for n in best}
    return found


def _interval(share: float, people: int) -> tuple[float, float]:
    """The 95 % interval of a share of a sample (Wilson)."""
    n = max(people, 1)
    z = figures.Z
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return round(float(max(middle - reach, 0)), 4), round(float(min(middle + reach, 1)), 4)
