"""Which trait, and which field of it, a name in a declaration means."""

from typing import Annotated

from pydantic import AfterValidator

from cdp.errors import UnknownTrait
from cdp.profile.traits import Trait, registry, trait


def trait_target(name: str) -> tuple[Trait, str | None]:
    """The trait that `name` means, and the field if `trait.field` names part of an object.

    Raises UnknownTrait, naming the nearest there is.
    """
    known = registry()
    first, _, field = name.partition(".")
    if name not in known and first in known:
        fields = known[first].fields
        if field not in fields:
            listed = ", ".join(fields) or "none"
            raise UnknownTrait(f"trait {first!r} has no field {field!r}; it has: {listed}")
        return known[first], field
    return trait(name), None


def _known(name: str) -> str:
    try:
        target, field = trait_target(name)
    except UnknownTrait as error:
        raise ValueError(str(error)) from None
    if target.type == "object" and field is None:
        listed = ", ".join(f"{name}.{each}" for each in target.fields)
        raise ValueError(f"trait {name!r} is an object; fill its fields: {listed}")
    return name


TraitName = Annotated[str, AfterValidator(_known)]
