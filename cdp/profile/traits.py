"""The trait registry: which traits there are, what they mean and which value survives."""

import difflib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

import yaml

from cdp.errors import UnknownTrait
from cdp.model.trait import Part, Trait
from cdp.settings import settings

FREE_PARTS: tuple[Part, ...] = ("psychographics", "public", "custom")


@cache
def registry(policy: Path | None = None) -> Mapping[str, Trait]:
    """The declared traits by name; `policy` (default: CDP_POLICY) may add or change some."""
    declared = yaml.safe_load(
        resources.files("cdp.profile").joinpath("traits.yaml").read_text("utf-8")
    )
    extension = policy or settings().policy
    if extension:
        declared |= yaml.safe_load(extension.read_text("utf-8")).get("traits", {})
    return {name: Trait(name=name, **entry) for name, entry in declared.items()}


def survivorship_rules() -> dict[str, str]:
    """The rule of each declared trait, by its name."""
    return {name: declared.rule for name, declared in registry().items()}


def trait(name: str) -> Trait:
    """The trait called `name`; `psychographics.x`, `public.x` and `custom.x` need no declaration.

    Raises UnknownTrait, naming the nearest declared trait.
    """
    known = registry()
    if name in known:
        return known[name]
    part, _, rest = name.partition(".")
    if part in FREE_PARTS and rest:
        return Trait(name=name, part=part, type="string", meaning="declared by its channel")  # pyright: ignore[reportArgumentType]
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "see `cdp profile traits`."
    raise UnknownTrait(f"no trait is called {name!r}; {hint} Free names begin with custom.")
