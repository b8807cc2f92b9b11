"""Sentiment over HTTP: what a person feels, with quotations for those who may see the timeline."""

from fastapi import Request, Response

from cdp.model.sentiment import ProfileSentiment
from cdp.service.answering import (
    Limit,
    Ref,
    answer_model,
    described,
    routes,
)
from cdp.service.auth import Reader

router = routes("profiles")


@router.get("/profiles/{ref:path}/sentiment", responses=described(ProfileSentiment))
def sentiment(request: Request, caller: Reader, ref: Ref, limit: Limit = 100) -> Response:
    """What the person feels overall, by category and aspect, and the newest opinions.

    A key that may see `sentiment` but not `timeline` gets the figures without the texts.
    """
    caller.may_see("sentiment")
    found = caller.serving.profiles.sentiment(ref, limit=limit)
    caller.looked("sentiment", [found.profile_id])
    if caller.key.fields is not None and "timeline" not in caller.key.fields:
        unquoted = [each.model_copy(update={"text": None}) for each in found.opinions]
        found = found.model_copy(update={"opinions": unquoted})
    return answer_model(request, found)
