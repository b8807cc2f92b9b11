"""What others build on over HTTP: the changes feed, accounts and the trait registry."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from cdp.errors import ProfileNotFound
from cdp.model.answers import AccountPerson, Changes
from cdp.model.profile import Profile
from cdp.model.status import StoreStatus
from cdp.model.trait import Trait
from cdp.service.answering import (
    Limit,
    Listing,
    Ref,
    answer_list,
    answer_model,
    described,
)
from cdp.service.auth import Admin, Caller, Reader
from cdp.service.problems import PROBLEMS

router = APIRouter(prefix="/v1", responses=PROBLEMS)


@router.get("/changes", tags=["changes"], responses=described(Changes))
def changes(
    request: Request,
    caller: Reader,
    since: Annotated[
        str | None, Query(max_length=40, description="`next` of the answer before", examples=["0"])
    ] = None,
    limit: Limit = 100,
    profiles: Annotated[bool, Query(description="with each changed profile as it is now")] = False,
) -> Response:
    """Profiles changed since a cursor, in the order of their changes, each as it is now.

    Keep `next` and ask with it again: at once where `has_more`, else after a while. Nothing is
    missed, however late it was committed. A merged profile names the one that it is part of.
    """
    page = caller.serving.profiles.changes(since, limit=limit, with_profiles=profiles)
    if not profiles:
        return answer_model(request, page)
    caller.looked("changes", [each.profile_id for each in page.data if each.profile])
    seen = [
        each.model_copy(update={"profile": each.profile and caller.shown(each.profile)})
        for each in page.data
    ]
    return answer_model(request, page.model_copy(update={"data": seen}))


@router.get(
    "/accounts/{ref:path}/people", tags=["accounts"], responses=described(Listing[AccountPerson])
)
def people(request: Request, caller: Reader, ref: Ref, limit: Limit = 100) -> Response:
    """Who belongs to a company, with the role that a channel states."""
    caller.may_see("accounts")
    found = caller.serving.profiles.people(_account(caller, ref).profile_id, limit=limit)
    caller.looked("people", [each.profile_id for each in found])
    return answer_list(request, found)


@router.get("/accounts/{ref:path}", tags=["accounts"], responses=described(Profile))
def account(request: Request, caller: Reader, ref: Ref) -> Response:
    """One company."""
    found = _account(caller, ref)
    caller.looked("account", [found.profile_id])
    return answer_model(request, caller.shown(found))


@router.get("/traits", tags=["profiles"], responses=described(Listing[Trait]))
def traits(request: Request, caller: Reader) -> Response:
    """Which traits there are, what they mean and which value survives."""
    return answer_list(request, caller.serving.profiles.traits())


@router.get("/status", tags=["store"], responses=described(StoreStatus))
def status(request: Request, caller: Admin) -> Response:
    """The store in figures. Counts everything: not for every second."""
    return answer_model(request, caller.serving.profiles.status())


def _account(caller: Caller, ref: str) -> Profile:
    found = caller.serving.profiles.get(ref)
    if found.subject != "account":
        raise ProfileNotFound("that is a person; read it below /v1/profiles")
    return found
