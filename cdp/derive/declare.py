"""Declaring the computed traits of one family as a table that reads top to bottom."""

from collections.abc import Mapping

from cdp.model.computed import ComputedTrait

NAME, TYPE, UNIT, MEANING, FORMULA, OF = range(6)


def declared(
    family: str, inputs: tuple[str, ...], *rows: tuple[str | None, ...]
) -> Mapping[str, ComputedTrait]:
    """The traits of `family` by name; each row: name, type, unit, meaning, formula[, of].

    `inputs` are what the family reads; an age reads the instant that it is `of`.
    """
    traits = {}
    for row in rows:
        of = row[OF] if len(row) > OF else None
        traits[row[NAME]] = ComputedTrait(
            name=row[NAME],
            type=row[TYPE],
            unit=row[UNIT],
            meaning=row[MEANING],
            formula=row[FORMULA],
            inputs=(of,) if of else inputs,
            family=family,
            of=of,
        )  # pyright: ignore[reportArgumentType]  pydantic checks them
    return traits
