"""Reading conclusions: those of one profile, and why one of them is what it is."""

import difflib
from uuid import UUID

import psycopg
from sqlalchemy import Connection

from cdp.derive.parameters import parameters_in_force
from cdp.derive.registry import computed_traits
from cdp.errors import ProfileNotFound, UnknownTrait
from cdp.model.computed import ComputedExplanation, ComputedTraits
from cdp.store.derive import facts as store


def computed_of(connection: psycopg.Connection, profile_id: UUID) -> ComputedTraits:
    """The computed traits of one profile. Raises ProfileNotFound."""
    found = store.computed(connection, profile_id)
    if found is None:
        raise ProfileNotFound(
            f"nothing was concluded of {profile_id} yet; run `cdp derive run`, or check the id"
        )
    known = computed_traits()
    traits = {name: value for name, value in found["traits"].items() if name in known}
    return ComputedTraits.model_validate(dict(found) | {"traits": traits})


def explained(tx: Connection, found: ComputedTraits, name: str) -> ComputedExplanation:
    """The trait's definition beside its value, its inputs and the fitted figures. Raises UnknownTrait."""
    known = computed_traits()
    trait = known.get(name)
    if trait is None:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see `cdp derive list`."
        raise UnknownTrait(f"no computed trait is called {name!r}; {hint}")
    parameters = parameters_in_force(tx)
    return ComputedExplanation(
        trait=trait,
        value=found.traits.get(name),
        derived_at=found.derived_at,
        inputs={each: found.traits[each] for each in trait.inputs if each in found.traits},
        parameters=parameters.of(trait.family) if parameters else {},
        fitted_at=parameters.fitted_at if parameters else None,
    )
