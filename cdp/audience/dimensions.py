"""Dimensions: what people are sorted by, each a trait taken whole or in bins."""

from collections.abc import Mapping
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cdp.derive.registry import known_trait
from cdp.errors import InvalidRequest
from cdp.model.expression import Condition, TraitIs
from cdp.model.fault import first_fault
from cdp.settings import settings

SUBJECT = "subject"
SEGMENT = "segment"
ASSIGNED = ("persona", "situation")  # whose cells nobody declares: they are given


class Dimension(BaseModel):
    """A trait whose values, or bins of them, are cells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    trait: str
    bins: Annotated[tuple[int | float, ...], Field(min_length=1, max_length=50)] | None = None
    multiple: bool = Field(default=False, description="of a list: a cell for each element")
    meaning: str = ""

    @cached_property
    def declaration(self) -> Mapping[str, Any]:
        """The same as data."""
        return self.model_dump(mode="json")


@cache
def dimensions(policy: Path | None = None) -> Mapping[str, Dimension]:
    """The declared dimensions by name. Raises InvalidRequest, UnknownTrait."""
    declared = yaml.safe_load(
        resources.files("cdp.audience").joinpath("dimensions.yaml").read_text("utf-8")
    )
    extension = policy or settings().policy
    if extension:
        declared |= (yaml.safe_load(extension.read_text("utf-8")) or {}).get("dimensions", {})
    return {name: _checked(name, said) for name, said in declared.items() if said}


def _checked(name: str, said: Mapping[str, object]) -> Dimension:
    try:
        found = Dimension.model_validate({"name": name} | dict(said))
    except ValidationError as error:
        raise InvalidRequest(f"dimension {name!r}: {first_fault(error)}") from None
    if name in (SUBJECT, SEGMENT, *ASSIGNED):
        raise InvalidRequest(f"dimension {name!r}: the name is taken; choose another")
    if found.bins and list(found.bins) != sorted(set(found.bins)):
        raise InvalidRequest(f"dimension {name!r}: bins must rise: {list(found.bins)}")
    known_trait(found.trait)
    return found


def bin_conditions(dimension: Dimension) -> Mapping[str, Condition]:
    """The bins of a dimension: each label with its condition, in rising order."""
    bounds = list(dimension.bins or ())
    first, last = bounds[0], bounds[-1]
    found: dict[str, Condition] = {f"below {first}": TraitIs(trait=dimension.trait, below=first)}
    for low, high in pairwise(bounds):
        found[f"{low} to {high}"] = TraitIs(trait=dimension.trait, at_least=low, below=high)
    return found | {f"{last} and more": TraitIs(trait=dimension.trait, at_least=last)}


def cell_condition(dimension: Dimension, cell: str) -> Condition:
    """What being in `cell` means. Raises InvalidRequest where there is no such bin."""
    if dimension.multiple:
        return TraitIs(trait=dimension.trait, contains=cell)
    if not dimension.bins:
        return TraitIs(trait=dimension.trait, is_=_value(dimension, cell))
    try:
        return bin_conditions(dimension)[cell]
    except KeyError:
        bins = ", ".join(map(repr, bin_conditions(dimension)))
        raise InvalidRequest(
            f"dimension {dimension.name!r} has no cell {cell!r}; it has {bins}"
        ) from None


def _value(dimension: Dimension, cell: str) -> str | bool | float:
    kind = known_trait(dimension.trait).type
    if kind == "boolean":
        return cell == "true"
    return float(cell) if kind in ("integer", "number", "money") else cell
