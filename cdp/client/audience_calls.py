"""The verbs of crossings and audiences as calls: what to send, and how the answer reads. No I/O."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from pydantic import JsonValue

from cdp.client.calls import Call, as_data, as_model, asked
from cdp.model.audience import (
    Audience,
    AudienceDeclaration,
    Effect,
    Export,
    Format,
    Size,
    Suppression,
)
from cdp.model.crossed import (
    Count,
    DimensionCell,
    Distinction,
    Matrix,
    Movement,
    People,
    Upset,
)


def cells(dimension: str | None) -> Call[list[DimensionCell]]:
    """The cells of dimensions."""
    return Call("GET", "/v1/cells", as_data(list[DimensionCell]), asked(dimension=dimension))


def count(of: str) -> Call[Count]:
    """How many a crossing holds."""
    return Call("GET", "/v1/crossings/count", as_model(Count), asked(of=of))


def people(of: str, fields: Sequence[str], cursor: str | None, limit: int) -> Call[People]:
    """A page of the individuals of a crossing."""
    query = asked(of=of, fields=fields or None, cursor=cursor, limit=limit)
    return Call("GET", "/v1/crossings/people", as_model(People), query)


def matrix(rows: str, columns: str, within: str | None) -> Call[Matrix]:
    """Two dimensions crossed."""
    query = asked(rows=rows, columns=columns, within=within)
    return Call("GET", "/v1/crossings/matrix", as_model(Matrix), query)


def upset(of: Sequence[str]) -> Call[Upset]:
    """How crossings overlap."""
    return Call("GET", "/v1/crossings/upset", as_model(Upset), {"of": list(of)})


def movement(
    dimension: str, cells: Sequence[str] | None, **times: datetime | None
) -> Call[Movement]:
    """Who went where."""
    query = {**asked(dimension=dimension, **times), **({"cells": list(cells)} if cells else {})}
    return Call("GET", "/v1/crossings/movement", as_model(Movement), query)


def moved(dimension: str, cells: Sequence[str] | None, **said: Any) -> Call[People]:
    """The individuals of one movement."""
    query = {**asked(dimension=dimension, **said), **({"cells": list(cells)} if cells else {})}
    return Call("GET", "/v1/crossings/moved", as_model(People), query)


def distinguish(a: str, b: str | None, sample: int) -> Call[Distinction]:
    """What tells groups apart."""
    query = asked(a=a, b=b, sample=sample)
    return Call("GET", "/v1/crossings/distinguish", as_model(Distinction), query)


def audiences() -> Call[list[Audience]]:
    """The audiences."""
    return Call("GET", "/v1/audiences", as_data(list[Audience]))


def audience(name: str) -> Call[Audience]:
    """One audience."""
    return Call("GET", _place(name), as_model(Audience))


def declare(said: AudienceDeclaration) -> Call[Audience]:
    """An audience as it is meant."""
    body = said.model_dump(mode="json", exclude={"name"})
    return Call("PUT", _place(said.name), as_model(Audience), body=body)


def archive(name: str) -> Call[None]:
    """An audience put away."""
    return Call("DELETE", _place(name), lambda _: None, repeatable=False)


def size(name: str) -> Call[Size]:
    """Who may be addressed."""
    return Call("GET", _place(name, "size"), as_model(Size))


def export(name: str, kind: Format, fields: Sequence[str] | None) -> Call[bytes]:
    """The people who may be addressed, as a file."""
    body: dict[str, JsonValue] = {
        "format": kind,
        "fields": None if fields is None else list(fields),
    }
    accept = {"Accept": "*/*"}
    return Call("POST", _place(name, "exports"), bytes, body=body, headers=accept, repeatable=False)


def push(name: str, webhook: UUID | str, fields: Sequence[str] | None) -> Call[Export]:
    """The people who may be addressed, to a webhook."""
    body: dict[str, JsonValue] = {
        "webhook": str(webhook),
        "fields": None if fields is None else list(fields),
    }
    return Call("POST", _place(name, "pushes"), as_model(Export), body=body, repeatable=False)


def exports(name: str, limit: int) -> Call[list[Export]]:
    """What was handed on."""
    return Call("GET", _place(name, "exports"), as_data(list[Export]), asked(limit=limit))


def effect(name: str, within: timedelta, **lists: Sequence[str] | None) -> Call[Effect]:
    """What an audience did beside those held out."""
    query = {key: list(said) for key, said in lists.items() if said}
    return Call(
        "GET",
        _place(name, "effect"),
        as_model(Effect),
        {**query, "within": f"{round(within.total_seconds())}s"},
    )


def suppress(identifier: str, reason: str, note: str) -> Call[Suppression]:
    """Somebody who must not be written to."""
    body: dict[str, JsonValue] = {"identifier": identifier, "reason": reason, "note": note}
    return Call("POST", "/v1/suppressions", as_model(Suppression), body=body)


def lift(identifier: str) -> Call[None]:
    """A suppression taken back."""
    path = f"/v1/suppressions/{quote(identifier, safe='')}"
    return Call("DELETE", path, lambda _: None, repeatable=False)


def suppressions(limit: int) -> Call[list[Suppression]]:
    """What is suppressed."""
    return Call("GET", "/v1/suppressions", as_data(list[Suppression]), asked(limit=limit))


def _place(name: str, *below: str) -> str:
    return "/v1/audiences/" + "/".join(quote(part, safe="") for part in (name, *below))
