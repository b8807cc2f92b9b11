"""Plain verbs of personas. Written by tests/client/twin.py."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from cdp.client import areas
from cdp.client.calls import Ref
from cdp.client.synchronous.connection import Connection

if TYPE_CHECKING:
    from cdp.model.persona import (
        Assigned,
        Card,
        Page,
        Persona,
        PersonaChanges,
        Situation,
        StatedPersona,
        Validation,
    )


class Personas:
    """Personas and the situation of a visitor: the verbs of `cdp.personas.Personas`."""

    _connection: Connection

    def situation(self, ref: Ref, *, at: datetime | None = None) -> Situation:
        """Which persona fits a visitor now, or did at a time, and why."""
        return self._connection.do(areas.persona.situation(ref, at))

    def situations(self, ref: Ref, *, limit: int = 100) -> list[Assigned]:
        """The situations of a profile that are on record, newest first."""
        return self._connection.do(areas.persona.situations(ref, limit))

    def page_for(
        self, ref: Ref, *, at: datetime | None = None, categories: int = 5, products: int = 10
    ) -> Page:
        """What to show a visitor: persona, top categories and products, and what is left out."""
        return self._connection.do(areas.persona.page(ref, at, categories, products))

    def personas(self) -> list[Persona]:
        """The personas there are: kinds of people first, then situations."""
        return self._connection.do(areas.persona.personas())

    def persona_changes(
        self, persona: Ref, since: str | None = None, *, limit: int = 100
    ) -> PersonaChanges:
        """Who came into a persona or situation and left it since a cursor."""
        return self._connection.do(areas.persona.changes(persona, since, limit))

    def card(self, persona: Ref) -> Card:
        """A persona's card, by id or name. Raises PersonaNotFound."""
        return self._connection.do(areas.persona.card(persona))

    def define_persona(self, stated: StatedPersona) -> UUID:
        """Take in a hand-written persona; everybody is assigned anew. Raises InvalidRequest."""
        return (self._connection.do(areas.persona.define(stated))).persona_id

    def edit_persona(
        self, persona: Ref, *, name: str | None = None, text: str | None = None
    ) -> Persona:
        """Give a persona another name or text. Raises PersonaNotFound, InvalidRequest."""
        return self._connection.do(areas.persona.edit(persona, name, text))

    def retire_persona(self, persona: Ref) -> None:
        """Take a hand-written persona away. Raises PersonaNotFound, InvalidRequest."""
        self._connection.do(areas.persona.retire(persona))

    def validate_personas(self) -> Validation:
        """Check whether the personas still hold; cards that have drifted are marked."""
        return self._connection.do(areas.persona.validate())
