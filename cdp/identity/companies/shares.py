"""How much each agreement of two companies' records says, as declared in `likeness.yaml`."""

import hashlib
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def shares() -> Mapping[str, Any]:
    """The declared shares of `likeness.yaml`."""
    text = resources.files("cdp.identity.companies").joinpath("likeness.yaml").read_text("utf-8")
    return yaml.safe_load(text)


@cache
def version() -> str:
    """The id under which links by these shares are kept."""
    digest = hashlib.sha256(repr(shares()).encode()).hexdigest()[:12]
    return f"companies-{digest}"


def bits(said: Mapping[str, float]) -> float:
    """The weight of a level: log2 of how much likelier it is among records of one company."""
    return math.log2(said["m"] / said["u"])
