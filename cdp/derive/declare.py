"""Declaring the computed traits of one family as a table that reads top to bottom."""

from collections.abc import Mapping

from cdp.model.computed import ComputedTrait

FIELDS = ("name", "type", "unit", "meaning", "formula", "of")


def declared(
    family: str, inputs: tuple[str, ...], *rows: tuple[str | None, ...]
) -> Mapping[str, ComputedTrait]:
    """The traits of `family` by name; each row: name, type, unit, meaning, formula[, of].

    `inputs` are what the family reads; an age reads the instant that it is `of`.
    """
    traits = {}
    for row in rows:
        said = dict(zip(FIELDS, row, strict=False)) | {"family": family}
        reads = (said["of"],) if said.get("of") else inputs
        trait = ComputedTrait.model_validate(said | {"inputs": reads})
        traits[trait.name] = trait
    return traits
