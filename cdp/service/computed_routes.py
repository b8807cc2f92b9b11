"""Conclusions over HTTP: the registry of computed traits, and those of one profile with reasons."""

from fastapi import Request, Response

from cdp.model.computed import ComputedExplanation, ComputedTrait, ComputedTraits
from cdp.service.answering import (
    Listing,
    Ref,
    TraitName,
    answer_list,
    answer_model,
    described,
    routes,
)
from cdp.service.auth import Reader

router = routes("computed traits")


@router.get("/computed-traits", responses=described(Listing[ComputedTrait]))
def computed_traits(request: Request, caller: Reader) -> Response:
    """Which computed traits there are: type, unit, meaning, formula, inputs and version."""
    return answer_list(request, caller.serving.profiles.computed_traits())


@router.get("/profiles/{ref:path}/computed", responses=described(ComputedTraits))
def computed(request: Request, caller: Reader, ref: Ref) -> Response:
    """What was concluded of a profile, when that was last right, and when time alone changes it."""
    caller.may_see("computed")
    found = caller.serving.profiles.computed(ref)
    caller.looked("computed", [found.profile_id])
    return answer_model(request, found)


@router.get("/profiles/{ref:path}/computed/{trait}", responses=described(ComputedExplanation))
def explain_computed(request: Request, caller: Reader, ref: Ref, trait: TraitName) -> Response:
    """Why a computed trait has its value: definition, inputs and fitted figures."""
    caller.may_see("computed")
    found = caller.serving.profiles.computed(ref)
    caller.looked("computed", [found.profile_id])
    return answer_model(request, caller.serving.profiles.explain_computed(ref, trait))
