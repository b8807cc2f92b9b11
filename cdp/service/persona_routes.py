"""Personas over HTTP: cards, definitions, the situation of a visitor and the page made for them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cdp.model.persona import (
    Assigned,
    Card,
    Page,
    Persona,
    PersonaChanges,
    Situation,
    StatedPersona,
    Title,
    Validation,
)
from cdp.profile.timeline import aware
from cdp.service.answering import (
    Limit,
    Listing,
    Ref,
    answer_list,
    answer_model,
    described,
    routes,
)
from cdp.service.auth import Reader, Steward, admit
from cdp.service.paths import Whole
from cdp.service.prompt import prompt

router = routes("personas")

Named = Annotated[str, Path(max_length=120, description="a persona's id or name"), Whole]
Cursor = Annotated[str | None, Query(max_length=40, description="`next` of the answer before")]
At = Annotated[datetime | None, Query(description="as it was then; a time with its zone")]


CATEGORIES, PRODUCTS = 5, 10


class Defined(BaseModel):
    """The id of a persona that was taken in."""

    persona_id: UUID


class Edit(BaseModel):
    """What is to be changed."""

    model_config = ConfigDict(extra="forbid")

    name: Title | None = None
    text: str | None = Field(default=None, max_length=4_000)


@router.get("/profiles/{ref:path}/situation", responses=described(Situation))
async def situation(request: Request, caller: Reader, ref: Ref, at: At = None) -> Response:
    """Which persona fits this visitor now, with probabilities and reasons, beside the history's."""
    caller.may_see("situation")
    found = await caller.serving.lookup.situation(ref, aware(at) if at else None)
    caller.looked("situation", [found.profile_id] if found.profile_id else [])
    return answer_model(request, found)


@router.get("/profiles/{ref:path}/situations", responses=described(Listing[Assigned]))
def situations(request: Request, caller: Reader, ref: Ref, limit: Limit = 100) -> Response:
    """The situations on record: when which persona began to fit a session, and why."""
    caller.may_see("situation")
    profile_id, found = caller.serving.personas.situations(ref, limit=limit)
    caller.looked("situations", [profile_id])
    return answer_list(request, found)


@router.get("/profiles/{ref:path}/page", responses=described(Page))
async def page(
    request: Request,
    caller: Reader,
    ref: Ref,
    *,
    categories: Annotated[int, Query(ge=0, le=50)] = CATEGORIES,
    products: Annotated[int, Query(ge=0, le=50)] = PRODUCTS,
    at: At = None,
) -> Response:
    """What a page needs of its visitor: persona, top categories and products, and what is left out.

    An identifier that no profile carries is a visitor nobody knows: what is general is shown.
    """
    caller.may_see("situation")
    found = await caller.serving.lookup.page(
        ref, aware(at) if at else None, categories=categories, products=products
    )
    known = found.situation.profile_id
    caller.looked("page", [known] if known else [])
    return answer_model(request, found)


@router.get("/personas", responses=described(Listing[Persona]))
def every(request: Request, caller: Reader) -> Response:
    """The personas there are: kinds of people first, then situations."""
    return answer_list(request, caller.serving.personas.every())


@router.post("/personas", responses={200: {"model": Defined}})
def define(
    request: Request,
    caller: Steward,
    stated: StatedPersona,
) -> Response:
    """Take in a hand-written persona, or another wording of it; everybody is assigned anew."""
    caller.changing("persona_define", None)
    persona_id = caller.serving.personas.define(stated, by=caller.name)
    return answer_model(request, Defined(persona_id=persona_id))


@router.get("/personas/{persona}/card", responses=described(Card))
def card(
    request: Request,
    caller: Reader,
    persona: Named,
    format: Annotated[Literal["json", "markdown", "html", "pdf"], Query()] = "json",  # noqa: A002
) -> Response:
    """A persona's card, every figure beside the base's."""
    found = caller.serving.personas.card(persona)
    if format == "json":
        return answer_model(request, found)
    from cdp.persona.export import TYPES, exported  # noqa: PLC0415  loads matplotlib

    return Response(exported(found, format), media_type=TYPES[format])


@router.get("/personas/{persona}/changes", responses=described(PersonaChanges))
def changes(
    request: Request, caller: Reader, persona: Named, since: Cursor = None, limit: Limit = 100
) -> Response:
    """Who came into a persona or situation and left it since a cursor, in order; nothing is missed."""
    caller.may_see("situation")
    page = caller.serving.personas.changes(persona, since, limit=limit)
    caller.looked("persona changes", [each.profile_id for each in page.data])
    return answer_model(request, page)


@router.patch("/personas/{persona}", responses={200: {"model": Persona}})
def edit(request: Request, caller: Steward, persona: Named, said: Edit) -> Response:
    """Give a persona another name, or another text on its card."""
    caller.changing("persona_edit", None)
    found = caller.serving.personas.edit(persona, name=said.name, text=said.text)
    return answer_model(request, found)


@router.delete("/personas/{persona}", status_code=204)
def retire(caller: Steward, persona: Named) -> Response:
    """Take a hand-written persona away; everybody is assigned anew."""
    caller.changing("persona_retire", None)
    caller.serving.personas.retire(persona)
    return Response(status_code=204)


@router.post("/personas/validation", responses={200: {"model": Validation}})
def validate(request: Request, caller: Steward) -> Response:
    """How true the personas are of the people there are now; cards that have drifted are marked."""
    caller.changing("persona_validate", None)
    return answer_model(request, caller.serving.personas.validate())


async def _situation(request: Request) -> Response:
    return await situation(request, await admit(request, "read"), request.path_params["ref"])


async def _page(request: Request) -> Response:
    return await page(request, await admit(request, "read"), request.path_params["ref"])


prompt_routes = (
    prompt("/v1/profiles/{ref}/page", _page),
    prompt("/v1/profiles/{ref}/situation", _situation),
)
