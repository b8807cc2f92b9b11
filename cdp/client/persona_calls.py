"""The verbs of personas as calls: what to send, and how the answer reads. No I/O."""

from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel

from cdp.client.calls import Call, Ref, as_data, as_model, asked
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


class Defined(BaseModel):
    """The id of a persona that was taken in."""

    persona_id: UUID


def situation(ref: Ref, at: datetime | None) -> Call[Situation]:
    """Which persona fits now."""
    return Call("GET", _of(ref, "situation"), as_model(Situation), asked(at=at))


def situations(ref: Ref, limit: int) -> Call[list[Assigned]]:
    """What is on record."""
    return Call("GET", _of(ref, "situations"), as_data(list[Assigned]), asked(limit=limit))


def page(ref: Ref, at: datetime | None, categories: int, products: int) -> Call[Page]:
    """What a page needs."""
    query = asked(at=at, categories=categories, products=products)
    return Call("GET", _of(ref, "page"), as_model(Page), query)


def personas() -> Call[list[Persona]]:
    """The personas there are."""
    return Call("GET", "/v1/personas", as_data(list[Persona]))


def changes(persona: Ref, since: str | None, limit: int) -> Call[PersonaChanges]:
    """Who came and went."""
    query = asked(since=since, limit=limit)
    return Call("GET", f"{_place(persona)}/changes", as_model(PersonaChanges), query)


def card(persona: Ref) -> Call[Card]:
    """A card."""
    return Call("GET", f"{_place(persona)}/card", as_model(Card))


def define(stated: StatedPersona) -> Call[Defined]:
    """A hand-written persona."""
    body = stated.model_dump(mode="json", exclude_defaults=True)
    return Call("POST", "/v1/personas", as_model(Defined), body=body)


def edit(persona: Ref, name: str | None, text: str | None) -> Call[Persona]:
    """Another name or text."""
    said = {"name": name, "text": text}
    body = {key: value for key, value in said.items() if value is not None}
    return Call("PATCH", _place(persona), as_model(Persona), body=body)  # pyright: ignore[reportArgumentType]


def retire(persona: Ref) -> Call[None]:
    """A hand-written persona that ends."""
    return Call("DELETE", _place(persona), lambda _: None, repeatable=False)


def validate() -> Call[Validation]:
    """Whether the personas hold."""
    return Call("POST", "/v1/personas/validation", as_model(Validation), body={})


def _place(persona: Ref) -> str:
    return f"/v1/personas/{quote(str(persona), safe='')}"


def _of(ref: Ref, below: str) -> str:
    return f"/v1/profiles/{quote(str(ref), safe='')}/{below}"
