"""The media that people are reached through: which contact points belong to them, as data."""

import difflib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from cdp.errors import InvalidRequest
from cdp.model.fault import first_fault
from cdp.settings import settings


class Medium(BaseModel):
    """How people are reached: by an identifier, or at their postal address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespaces: tuple[str, ...] = ()
    address: bool = False
    bounced: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _reaches(self) -> "Medium":
        if self.address == bool(self.namespaces):
            raise ValueError("needs namespaces of identifiers, or address: true")
        return self


@cache
def media(policy: Path | None = None) -> Mapping[str, Medium]:
    """The known media by name; the file `policy` (default: CDP_POLICY) may add or change some.

    Raises InvalidRequest.
    """
    declared = yaml.safe_load(
        resources.files("cdp.audience").joinpath("media.yaml").read_text("utf-8")
    )
    extension = policy or settings().policy
    if extension:
        declared |= (yaml.safe_load(extension.read_text("utf-8")) or {}).get("media", {})
    try:
        return {name: Medium.model_validate(said) for name, said in declared.items()}
    except ValidationError as error:
        raise InvalidRequest(f"{extension}: media: {first_fault(error)}") from None


def medium(name: str) -> Medium:
    """The medium called `name`. Raises InvalidRequest, naming the nearest."""
    known = media()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
        raise InvalidRequest(f"no medium is called {name!r}; {hint}")
    return known[name]
