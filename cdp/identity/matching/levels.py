"""A field's comparison as data: levels from agreement to disagreement, told in Splink's SQL."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

# The same function under each engine's name.
FUNCTIONS: Mapping[str, Mapping[str, str]] = {
    "duckdb": {
        "alike": "jaro_winkler_similarity",
        "slips": "levenshtein",
        "overlap": "list_has_any",
        "has": "list_contains",
        "count": "len",
    },
    "spark": {
        "alike": "jaro_winkler",
        "slips": "levenshtein",
        "overlap": "arrays_overlap",
        "has": "array_contains",
        "count": "size",
    },
}


class Level(BaseModel):
    """One degree of agreement of a field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(description="in words, for explanations")
    condition: str = Field(description="SQL over both records' columns (_l, _r); else: all others")
    frequency: str | None = Field(
        default=None, description="the feature whose frequent values say less than rare ones"
    )
    m: float = Field(description="share of the pairs of one person that stand here")
    u: float = Field(description="share of the pairs of strangers")
    h: float = Field(default=0.0, description="share of the pairs of housemates")


class Comparison(BaseModel):
    """One field (or several that belong together), compared once for each pair.

    The m and u of an untrained comparison are where training begins.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    columns: tuple[str, ...] = Field(description="features it reads; it needs the first one")
    missing: str = Field(description="SQL that holds where the two cannot be compared")
    levels: tuple[Level, ...] = Field(description="from the strongest agreement to none")
    shared: bool = Field(default=False, description="housemates commonly agree on it")
    alike: float = Field(
        default=0.0, description="share of the housemates who agree on it though it is personal"
    )

    def level(self, gamma: int) -> Level | None:
        """The level that Splink calls `gamma`; None where the field is missing."""
        return None if gamma < 0 else self.levels[len(self.levels) - 1 - gamma]


def level(
    label: str, condition: str, frequency: str | None = None, m: float = 0.0, u: float = 0.0
) -> Level:
    """A level as training begins with it."""
    return Level(label=label, condition=condition, frequency=frequency, m=m, u=u)


def comparison(
    name: str,
    columns: tuple[str, ...],
    missing: str,
    levels: tuple[Level, ...],
    *,
    shared: bool = False,
    alike: float = 0.0,
) -> Comparison:
    """A comparison as training begins with it."""
    return Comparison(
        name=name, columns=columns, missing=missing, levels=levels, shared=shared, alike=alike
    )


def null(column: str) -> str:
    """Where one of the two does not state `column`."""
    return f"{column}_l is null or {column}_r is null"


def equal(column: str) -> str:
    """Both state the same."""
    return f"{column}_l = {column}_r"


def slip(column: str, shortest: int) -> str:
    """One letter added, left out or exchanged, in values of `shortest` letters or more.

    One slip leaves the first or the last half as it is, which is many times cheaper to see.
    """
    left, right, half = f"{column}_l", f"{column}_r", shortest // 2
    return (
        f"least(length({left}), length({right})) >= {shortest} "
        f"and abs(length({left}) - length({right})) <= 1 "
        f"and (left({left}, {half}) = left({right}, {half}) "
        f"or right({left}, {half}) = right({right}, {half})) "
        f"and {{slips}}({left}, {right}) <= 1"
    )


def overlap(column: str) -> str:
    """One of several values is stated by both; lists of one value each are not looked at."""
    left, right = f"{column}_l", f"{column}_r"
    return f"({{count}}({left}) + {{count}}({right}) > 2 and {{overlap}}({left}, {right}))"


def alike(column: str, least: float) -> str:
    """Jaro-Winkler similarity of `least` or more."""
    return f"{{alike}}({column}_l, {column}_r) >= {least}"


def among(column: str, others: str) -> str:
    """One's `column` is in the other's list `others`."""
    return f"{{has}}({others}_r, {column}_l) or {{has}}({others}_l, {column}_r)"


def same(one: str, other: str) -> str:
    """Two values are equal or nearly so."""
    return f"({one} = {other} or {{alike}}({one}, {other}) >= 0.9)"
