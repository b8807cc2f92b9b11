"""Cross-segmentation over HTTP: cells, counts, people, matrices, overlaps, movements, differences."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query, Request, Response

from cdp.audience.dimensions import ASSIGNED, dimensions
from cdp.audience.distinguish import SAMPLED
from cdp.derive.registry import known_trait
from cdp.errors import ScopeMissing
from cdp.model.crossed import (
    Count,
    DimensionCell,
    Distinction,
    Matrix,
    Movement,
    People,
    Upset,
)
from cdp.model.crossing import cells_of, crossing
from cdp.profile import selection
from cdp.service.answering import (
    Limit,
    Listing,
    answer_list,
    answer_model,
    described,
    routes,
)
from cdp.service.auth import Caller, Reader

router = routes("crossings")

SAID = 'segments and cells: lifecycle=churned & !segment="gift givers"'
Of = Annotated[
    str, Query(max_length=4_000, description=SAID, examples=["lifecycle=churned & value_tier=top"])
]
Dimension = Annotated[str, Query(max_length=100, examples=["lifecycle"])]
Cells = Annotated[list[str] | None, Query(description="of a dimension with several a person")]
Subject = Annotated[Literal["person", "account"], Query(description="people or companies")]
Cursor = Annotated[str | None, Query(max_length=100, description="`next` of the page before")]
Since = Annotated[datetime, Query(examples=["2026-05-01T00:00Z"])]


@router.get("/cells", responses=described(Listing[DimensionCell]))
def cells(
    request: Request,
    caller: Reader,
    dimension: Annotated[str | None, Query(max_length=100)] = None,
    subject: Subject = "person",
) -> Response:
    """The cells of one dimension or of all, with the people in them; saved segments among them."""
    return answer_list(request, caller.serving.crossings.cells(dimension, subject=subject))


@router.get("/crossings/count", responses=described(Count))
def count(request: Request, caller: Reader, of: Of, subject: Subject = "person") -> Response:
    """How many a crossing holds, of how many, and each cell that it names by itself."""
    return answer_model(request, caller.serving.crossings.count(of, subject=subject))


@router.get("/crossings/people", responses=described(People))
def people(
    *,
    request: Request,
    caller: Reader,
    of: Of,
    fields: Annotated[
        str | None, Query(max_length=4_000, examples=["name.given,lifecycle"])
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    subject: Subject = "person",
) -> Response:
    """The individuals of a crossing, page by page, with the traits asked for."""
    names = [name.strip() for name in (fields or "").split(",") if name.strip()]
    may_see(caller, names)
    may_list_by(caller, of)
    found = caller.serving.crossings.people(
        of, fields=names, cursor=cursor, limit=limit, subject=subject
    )
    caller.looked("crossing", [each.profile_id for each in found.data])
    return answer_model(request, found)


@router.get("/crossings/matrix", responses=described(Matrix))
def matrix(
    *,
    request: Request,
    caller: Reader,
    rows: Dimension,
    columns: Dimension,
    within: Annotated[str | None, Query(max_length=4_000, description=SAID)] = None,
    subject: Subject = "person",
) -> Response:
    """Two dimensions crossed: people, lift over independence and how sure that is."""
    return answer_model(
        request, caller.serving.crossings.matrix(rows, columns, within=within, subject=subject)
    )


@router.get("/crossings/upset", responses=described(Upset))
def upset(
    request: Request,
    caller: Reader,
    of: Annotated[list[str], Query(min_length=2, max_length=20, description=SAID)],
    subject: Subject = "person",
) -> Response:
    """How several crossings overlap: who is in exactly which of them."""
    return answer_model(request, caller.serving.crossings.upset(*of, subject=subject))


@router.get("/crossings/movement", responses=described(Movement))
def movement(
    *,
    request: Request,
    caller: Reader,
    dimension: Dimension,
    since: Since,
    until: datetime | None = None,
    cells: Cells = None,
) -> Response:
    """Who went where in a dimension between two times."""
    found = caller.serving.crossings.movement(dimension, since, until, cells=cells)
    return answer_model(request, found)


@router.get("/crossings/moved", responses=described(People))
def moved(
    *,
    request: Request,
    caller: Reader,
    dimension: Dimension,
    since: Since,
    before: Annotated[str, Query(max_length=2_000, description="as the movement names it")],
    after: Annotated[str, Query(max_length=2_000)],
    until: datetime | None = None,
    cells: Cells = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The individuals of one movement."""
    _may_list(caller, [dimension])
    found = caller.serving.crossings.moved(
        dimension,
        since,
        until,
        before=before,
        after=after,
        cells=cells,
        cursor=cursor,
        limit=limit,
    )
    caller.looked("crossing", [each.profile_id for each in found.data])
    return answer_model(request, found)


@router.get("/crossings/distinguish", responses=described(Distinction))
def distinguish(
    *,
    request: Request,
    caller: Reader,
    a: Of,
    b: Annotated[str | None, Query(max_length=4_000, description="default: everybody else")] = None,
    sample: Annotated[int, Query(ge=10, le=50_000)] = SAMPLED,
    subject: Subject = "person",
) -> Response:
    """What tells group A from group B: their traits by effect size, the strongest first."""
    caller.may_see("traits")
    found = caller.serving.crossings.distinguish(a, b, sample=sample, subject=subject)
    return answer_model(request, found)


def may_list_by(caller: Caller, of: str) -> None:
    """Raise ScopeMissing unless the key may see what a crossing sorts people by.

    Who is shown the people of a cell is told the trait that puts them there.
    """
    _may_list(caller, [each.dimension for each in cells_of(crossing(of))])


def _may_list(caller: Caller, named: Sequence[str]) -> None:
    declared = dimensions()
    if set(named) & set(ASSIGNED):
        caller.may_see(selection.SITUATION)
    may_see(caller, [declared[name].trait for name in named if name in declared])


def may_see(caller: Caller, names: Sequence[str]) -> None:
    """Raise ScopeMissing unless the key may see each of the traits, stated or computed."""
    allowed = caller.key.fields
    for name in names if allowed is not None else ():
        asked = {"traits": {name: None, name.partition(".")[0]: None}}
        concluded = caller.sees("computed") and known_trait(name).computed
        if not (concluded or selection.select(asked, allowed or ())["traits"]):
            raise ScopeMissing(f"the key {caller.key.key_id} may not see {name!r}")
