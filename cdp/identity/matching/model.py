"""A trained model: everything that scoring needs, versioned, as JSON."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from cdp.identity.matching.blocking import Blocking, shipped_blocking
from cdp.identity.matching.levels import Comparison

Engine = Literal["duckdb", "spark"]


class Options(BaseModel):
    """How to train and score; the defaults suit all data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Engine = Field(default="duckdb", description="what Splink runs on")
    propose: float = Field(default=0.5, gt=0, lt=1, description="probability from which to ask")
    seed: int = Field(default=1, description="of the random pairs")
    random_pairs: int = Field(default=100_000, ge=1, description="pairs that stand for strangers")
    candidates: int = Field(default=300_000, ge=1, description="most candidates to learn from")
    blocking: Blocking = Field(default_factory=shipped_blocking)


class Frequencies(BaseModel):
    """How frequent the values of one feature are.

    Values are hashed: a model outlives the records it was trained on, and nobody's name may stay.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    common: Mapping[str, float] = Field(description="share of the records, by hash of the value")
    rare: float = Field(description="share of a value that is not listed")


class Model(BaseModel):
    """What training found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trained_at: datetime
    records: int
    prior: float = Field(description="share of all pairs of records that are of one person")
    household: float = Field(description="share of all pairs that are of housemates")
    comparisons: tuple[Comparison, ...]
    frequencies: Mapping[str, Frequencies]
    providers: tuple[str, ...] = Field(
        description="domains of many addresses, hashed: they are nobody's own"
    )
    options: Options

    @property
    def columns(self) -> frozenset[str]:
        """The features that scoring reads."""
        read = {column for each in self.comparisons for column in each.columns}
        return frozenset({"domain", *read, *self.frequencies})

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits of what it says; equal models have equal ones."""
        said = self.model_dump_json(exclude={"trained_at"})
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The model as JSON text."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str) -> "Model":
        """The model that `to_json` wrote."""
        return cls.model_validate_json(text)

    def settings(self) -> dict[str, Any]:
        """The model as settings of Splink, which load into any Splink linker."""
        from cdp.identity.matching.engine import splink_settings  # noqa: PLC0415  slow to import

        return splink_settings(self.comparisons, self.prior, self.options.engine)

    def parameters(self) -> pl.DataFrame:
        """One row per field and level: m, u, h (shares) and weight = log2(m/u)."""
        return pl.DataFrame(
            [
                {"field": each.name, "level": level.label, "m": level.m, "u": level.u, "h": level.h}
                for each in self.comparisons
                for level in each.levels
            ]
        ).with_columns(weight=(pl.col("m") / pl.col("u")).log(2))
