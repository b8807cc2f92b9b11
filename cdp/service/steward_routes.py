"""What a steward decides over HTTP: a trait set right."""

from typing import Annotated

from fastapi import Body, Request, Response
from pydantic import BaseModel, Field, JsonValue

from cdp.model.profile import Profile
from cdp.service.answering import (
    Ref,
    TraitName,
    answer_model,
    routes,
)
from cdp.service.auth import Caller, Steward

router = routes("stewards")


class Rectify(BaseModel):
    """A trait and its right value."""

    trait: str = Field(max_length=200)
    value: JsonValue = Field(description="null: there is no value")
    reason: str = Field(min_length=1, max_length=2_000)


@router.post("/profiles/{ref:path}/rectifications", responses={200: {"model": Profile}})
def rectify(
    request: Request,
    caller: Steward,
    ref: Ref,
    said: Annotated[
        Rectify,
        Body(examples=[{"trait": "birth_date", "value": "1984-02-29", "reason": "passport shown"}]),
    ],
) -> Response:
    """Set a trait above what every source says; no later load changes it."""
    uid = _changing(caller, "rectify", ref)
    done = caller.serving.profiles.rectify(
        uid, said.trait, said.value, reason=said.reason, by=caller.name
    )
    return answer_model(request, caller.shown(done))


@router.delete("/profiles/{ref:path}/rectifications/{trait}", responses={200: {"model": Profile}})
def withdraw(request: Request, caller: Steward, ref: Ref, trait: TraitName) -> Response:
    """Take a rectification back: the sources speak again."""
    uid = _changing(caller, "withdraw rectification", ref)
    done = caller.serving.profiles.withdraw_rectification(uid, trait)
    return answer_model(request, caller.shown(done))


def _changing(caller: Caller, action: str, ref: str) -> str:
    uid, _ = caller.serving.profiles.body(ref)
    caller.changing(action, uid)
    return str(uid)
