"""The verbs of companies as calls: what to send, and how the answer reads. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cdp.client.calls import Call, Ref, as_data, as_model, asked
from cdp.model.account import IcpPreview, Member, Relation
from cdp.model.icp import Fit, Icp, IcpDefinition


def members(
    ref: Ref,
    functions: Sequence[str] | None,
    levels: Sequence[str] | None,
    limit: int,
    *,
    with_left: bool,
) -> Call[list[Member]]:
    """Who belongs to a company, by role."""
    query = _roles(functions, levels) | asked(with_left="true" if with_left else None, limit=limit)
    return Call("GET", _account(ref, "members"), as_data(list[Member]), query)


def relations(ref: Ref) -> Call[list[Relation]]:
    """What a company belongs to, and what to it."""
    return Call("GET", _account(ref, "relations"), as_data(list[Relation]))


def fit(ref: Ref, icp: str | None) -> Call[list[Fit]]:
    """How well a company fits."""
    return Call("GET", _account(ref, "fit"), as_data(list[Fit]), asked(icp=icp))


def icps() -> Call[list[Icp]]:
    """The ideal customer profiles in force."""
    return Call("GET", "/v1/icps", as_data(list[Icp]))


def icp(name: str) -> Call[Icp]:
    """One of them."""
    return Call("GET", _icp(name), as_model(Icp))


def define_icp(name: str, document: Mapping[str, Any]) -> Call[Icp]:
    """Put a profile in force."""
    return Call("PUT", _icp(name), as_model(Icp), body=dict(document), repeatable=False)


def archive_icp(name: str) -> Call[None]:
    """Put a profile out of force."""
    return Call("DELETE", _icp(name), lambda _said: None, repeatable=False)


def preview_icp(name: str, document: Mapping[str, Any]) -> Call[IcpPreview]:
    """What a profile would say."""
    return Call("POST", _icp(name, "preview"), as_model(IcpPreview), body=dict(document))


def learn_icp(name: str, **said: Any) -> Call[IcpDefinition]:
    """Learn a profile from won deals."""
    body = {key: value for key, value in said.items() if value is not None}
    return Call(
        "POST", _icp(name, "learning"), as_model(IcpDefinition), body=body, repeatable=False
    )


def fitting(name: str, at_least: float, limit: int) -> Call[list[Fit]]:
    """The companies that fit best."""
    query = asked(at_least=str(at_least), limit=limit)
    return Call("GET", _icp(name, "accounts"), as_data(list[Fit]), query)


def whom(
    name: str,
    at_least: float,
    functions: Sequence[str] | None,
    levels: Sequence[str] | None,
    limit: int,
) -> Call[list[Member]]:
    """The people by role in the companies that fit."""
    query = _roles(functions, levels) | asked(at_least=str(at_least), limit=limit)
    return Call("GET", _icp(name, "people"), as_data(list[Member]), query)


def _roles(functions: Sequence[str] | None, levels: Sequence[str] | None) -> dict[str, Any]:
    said = {"function": list(functions or ()), "level": list(levels or ())}
    return {key: value for key, value in said.items() if value}


def _account(ref: Ref, part: str) -> str:
    return f"/v1/accounts/{quote(str(ref), safe='')}/{part}"


def _icp(name: str, *parts: str) -> str:
    return "/".join(["/v1/icps", quote(name, safe=""), *parts])
