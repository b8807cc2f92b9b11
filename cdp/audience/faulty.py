"""Saved segments that the registry no longer allows, as when a trait of CDP_POLICY is gone."""

from collections.abc import Mapping

from cdp.audience.compiler import Definition
from cdp.audience.reading import dependents
from cdp.audience.validate import trait_faults
from cdp.model.expression import TraitIs, every_node


def faults(definitions: Mapping[str, Definition]) -> dict[str, str]:
    """What is wrong with those that cannot be kept up, by name; they keep the members they have."""
    found = {}
    for name, definition in definitions.items():
        told = [
            f"{place or 'condition'}: {fault}"
            for place, node in every_node(definition.condition)
            if isinstance(node, TraitIs)
            for fault in trait_faults(node)
        ]
        if told:
            found[name] = "; ".join(told)
    for name in list(found):
        for reader in dependents(name, definitions)[1:]:
            found.setdefault(reader, f"it reads segment {name!r}")
    return found
