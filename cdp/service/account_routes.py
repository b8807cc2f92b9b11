"""Companies over HTTP: their people by role, what they belong to, and how well they fit."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Body, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cdp.accounts import Accounts
from cdp.errors import InvalidRequest
from cdp.model.account import IcpPreview, Member, Relation
from cdp.model.icp import Fit, Icp, IcpDefinition, Subject
from cdp.service.answering import (
    Limit,
    Listing,
    Ref,
    answer_list,
    answer_model,
    described,
    routes,
)
from cdp.service.auth import Caller, Reader, Steward
from cdp.service.paths import Whole

router = routes("accounts")

Words = Annotated[list[str] | None, Query(max_length=20, description="any of these")]
Name = Annotated[str, Path(max_length=64, description="of an ideal customer profile"), Whole]
AtLeast = Annotated[float, Query(ge=0, le=100, description="score")]
EXAMPLE = {
    "description": "wine companies in France with more than 50 employees",
    "criteria": [
        {"when": {"trait": "account.line", "is": "wine"}, "weight": 3, "required": True},
        {"when": {"trait": "employees", "above": 50}, "weight": 2},
    ],
}


class Learning(BaseModel):
    """From which deals a profile is learnt."""

    model_config = ConfigDict(extra="forbid")

    won: str = Field(default="deal_won", max_length=100, description="the kind of event of a win")
    among: str | None = Field(default=None, max_length=100, description="the kind of candidates")
    traits: list[str] | None = Field(default=None, max_length=100)
    subject: Subject = "account"
    description: str = Field(default="", max_length=2_000)
    keep: bool = Field(default=True, description="put it in force")


@router.get("/accounts/{ref:path}/members", responses=described(Listing[Member]))
def members(
    request: Request,
    caller: Reader,
    ref: Ref,
    function: Words = None,
    level: Words = None,
    *,
    with_left: bool = False,
    limit: Limit = 100,
) -> Response:
    """Who belongs to a company, by function and level, with dates."""
    found = _accounts(caller).people(
        ref, functions=function, levels=level, with_left=with_left, limit=limit
    )
    caller.looked("members", [each.profile_id for each in found])
    return answer_list(request, found)


@router.get("/accounts/{ref:path}/relations", responses=described(Listing[Relation]))
def relations(request: Request, caller: Reader, ref: Ref, limit: Limit = 100) -> Response:
    """Parents and subsidiaries that are stated, and proposals by domain and name."""
    return answer_list(request, _accounts(caller).relations(ref, limit=limit))


@router.get("/accounts/{ref:path}/fit", responses=described(Listing[Fit]))
def fit(request: Request, caller: Reader, ref: Ref, icp: str | None = None) -> Response:
    """How well a company fits each ideal customer profile, with every reason."""
    return answer_list(request, _accounts(caller).fit(ref, icp))


@router.get("/icps", responses=described(Listing[Icp]))
def icps(request: Request, caller: Reader) -> Response:
    """The ideal customer profiles in force."""
    return answer_list(request, _accounts(caller).icps())


@router.get("/icps/{name}", responses=described(Icp))
def icp(request: Request, caller: Reader, name: Name) -> Response:
    """One of them, as it is in force."""
    return answer_model(request, _accounts(caller).icp(name))


@router.get("/icps/{name}/versions", responses=described(Listing[Icp]))
def versions(request: Request, caller: Reader, name: Name) -> Response:
    """All its versions, the latest first."""
    return answer_list(request, _accounts(caller).icp_versions(name))


@router.put("/icps/{name}", responses=described(Icp))
def define(
    request: Request,
    caller: Steward,
    name: Name,
    said: Annotated[dict[str, Any], Body(examples=[EXAMPLE])],
) -> Response:
    """Put a profile in force, as the next version of its name."""
    caller.changing("define icp", None)
    done = _accounts(caller).define_icp(_definition(name, said), by=caller.name)
    return answer_model(request, done)


@router.delete("/icps/{name}", status_code=204)
def archive(caller: Steward, name: Name) -> Response:
    """Put a profile out of force; its versions stay on record."""
    caller.changing("archive icp", None)
    _accounts(caller).archive_icp(name)
    return Response(status_code=204)


@router.post("/icps/{name}/preview", responses=described(IcpPreview))
def preview(
    request: Request,
    caller: Reader,
    name: Name,
    said: Annotated[dict[str, Any], Body(examples=[EXAMPLE])],
) -> Response:
    """How many companies a profile would fit how well; nothing is kept."""
    return answer_model(request, _accounts(caller).preview_icp(_definition(name, said)))


@router.post("/icps/{name}/learning", responses=described(IcpDefinition))
def learn(request: Request, caller: Steward, name: Name, said: Learning) -> Response:
    """Learn a profile from won deals; the answer says how far it can be trusted."""
    caller.changing("learn icp", None)
    found = _accounts(caller).learn_icp(name, by=caller.name, **said.model_dump())
    return answer_model(request, found)


@router.get("/icps/{name}/accounts", responses=described(Listing[Fit]))
def fitting(
    request: Request, caller: Reader, name: Name, at_least: AtLeast = 0.0, limit: Limit = 100
) -> Response:
    """The companies that fit best, with the reasons."""
    return answer_list(request, _accounts(caller).fitting(name, at_least=at_least, limit=limit))


@router.get("/icps/{name}/people", responses=described(Listing[Member]))
def whom(
    request: Request,
    caller: Reader,
    name: Name,
    *,
    at_least: AtLeast = 70.0,
    function: Words = None,
    level: Words = None,
    limit: Limit = 100,
) -> Response:
    """The people by role in the companies that fit; to write to them, declare an audience."""
    found = _accounts(caller).whom(
        name, at_least=at_least, functions=function, levels=level, limit=limit
    )
    caller.looked("icp people", [each.profile_id for each in found])
    return answer_list(request, found)


def _accounts(caller: Caller) -> Accounts:
    caller.may_see("accounts")
    return caller.serving.accounts


def _definition(name: str, said: Mapping[str, Any]) -> Mapping[str, Any]:
    if said.get("name", name) != name:
        raise InvalidRequest(f"the path says {name!r}, the body {said['name']!r}; say it once")
    return {**said, "name": name}
