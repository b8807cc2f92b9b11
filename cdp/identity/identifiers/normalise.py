"""Raw identifier values to the one form in which two records can meet, or the reason why not."""

import re
from collections.abc import Callable
from functools import cache
from types import MappingProxyType
from typing import Literal

import polars as pl

from cdp.errors import InvalidIdentifier
from cdp.identity.companies.derived import name_place
from cdp.identity.identifiers import emails, phones, text
from cdp.identity.identifiers.text import Normaliser
from cdp.identity.policy.declaration import IdentityPolicy, NamespacePolicy, NormaliserName

Refusal = Literal["invalid", "blocked"]
# So few values are judged one by one before the first column operation would be done.
WORTH_COLUMNS = 300
VERDICT = {"normalised": pl.String, "refused": pl.String}

NORMALISERS: MappingProxyType[NormaliserName, Callable[[IdentityPolicy, str], Normaliser]] = (
    MappingProxyType(
        {
            "exact": lambda _policy, _region: text.EXACT,
            "lower": lambda _policy, _region: text.LOWER,
            "compact": lambda _policy, _region: text.COMPACT,
            "handle": lambda _policy, _region: text.HANDLE,
            "domain": lambda _policy, _region: emails.domain(),
            "email": lambda policy, _region: emails.email(policy),
            "phone": lambda _policy, region: phones.phone(region),
            "company": lambda _policy, _region: name_place(),
        }
    )
)

EXPECTED: MappingProxyType[NormaliserName, str] = MappingProxyType(
    {
        "exact": f"1 to {text.LONGEST} printable characters",
        "lower": f"1 to {text.LONGEST} printable characters",
        "compact": "letters or digits, such as 4711-0815",
        "handle": "an account name such as @name, or the link to it",
        "domain": "a domain such as example.com",
        "email": "an address such as name@example.com",
        "phone": "a number such as +1 212 555 0100, or one of the default region with its area code",
        "company": "a name of two words or more and a city, such as Acme Tools GmbH|Berlin",
    }
)


def normalise(
    identifiers: pl.DataFrame, policy: IdentityPolicy, default_region: str
) -> pl.DataFrame:
    """`identifiers` with the columns `normalised` and `refused`, rows and order kept.

    Args:
        identifiers: columns `namespace` and `value` (raw), any others pass through.
        policy: the guards of each namespace.
        default_region: ISO 3166 region of telephone numbers written without a country code.

    Returns:
        `normalised` is null where the value is no identifier, and `refused` then says why:
        `invalid` (not of its namespace's form) or `blocked` (what many people give: null, noreply@).
    """
    values = identifiers.select("namespace", "value").unique()
    parts = [
        _judged(part, _judge(policy, namespace, default_region))
        for (namespace,), part in values.partition_by("namespace", as_dict=True).items()
    ]
    verdicts = pl.concat(parts) if parts else values.with_columns(_no_verdict())
    return identifiers.join(
        verdicts, on=["namespace", "value"], how="left", nulls_equal=True, maintain_order="left"
    )


def normalise_column(
    values: pl.Series, namespace: str, policy: IdentityPolicy, default_region: str
) -> pl.DataFrame:
    """`normalised` and `refused` of `values`, all of one namespace, in their order; see `normalise`."""
    rows = values.alias("value").to_frame().with_row_index("row")
    judged = _judged(rows, _judge(policy, namespace, default_region))
    return judged.sort("row").select(*VERDICT)


def normalise_value(namespace: str, value: str, policy: IdentityPolicy, default_region: str) -> str:
    """The normalised form of one value, as look-ups need it.

    Raises:
        InvalidIdentifier: the value is none of `namespace`; the message does not repeat it.
    """
    normalised, refused = _judge(policy, namespace, default_region)(value)
    if normalised is None:
        kind = policy.of(namespace).normaliser
        reason = (
            "is one that many people give, so it identifies nobody; use another identifier"
            if refused == "blocked"
            else f"is not valid; expected is {EXPECTED[kind]}"
        )
        raise InvalidIdentifier(f"the value for {namespace!r} {reason}")
    return normalised


def blocking(namespace: str, policy: IdentityPolicy, default_region: str) -> Callable[[str], bool]:
    """Tells of a value, as it was said, whether many people give it (null, guest): it names nobody."""
    return _judge(policy, namespace, default_region).blocks_said


class _Judge:
    """The verdict on values of one namespace."""

    def __init__(self, guards: NamespacePolicy, normaliser: Normaliser) -> None:
        self.normaliser = normaliser
        self.values = guards.blocked_values
        self.pattern = "|".join(f"(?:{pattern})" for pattern in guards.blocked_patterns)
        self._search = re.compile(self.pattern or r"(?!)").search

    def __call__(self, value: str | None) -> tuple[str | None, Refusal | None]:
        plain = text.cleaned(value or "")
        if not text.is_storable(plain):
            return None, "invalid"
        normalised = self.normaliser.at_once(plain) or self.normaliser.exactly(plain)
        if self._blocks(plain.lower()) or (normalised and self._blocks(normalised)):
            return None, "blocked"
        return normalised, None if normalised else "invalid"

    def blocks_said(self, value: str) -> bool:
        """Whether a value is blocked as it was said."""
        return self._blocks(text.cleaned(value).lower())

    def _blocks(self, value: str) -> bool:
        return value in self.values or self._search(value) is not None

    def blocks(self, column: pl.Series) -> pl.Series:
        """Whether a column's values are blocked."""
        blocked = column.is_in(list(self.values))
        return blocked | column.str.contains(self.pattern) if self.pattern else blocked


@cache
def _judge(policy: IdentityPolicy, namespace: str, region: str) -> _Judge:
    guards = policy.of(namespace)
    return _Judge(guards, NORMALISERS[guards.normaliser](policy, region))


def _judged(values: pl.DataFrame, judge: _Judge) -> pl.DataFrame:
    """The verdicts: on the common shapes by column operations, on the rest one by one."""
    if values.height < WORTH_COLUMNS:
        return values.hstack(_one_by_one(values, judge))
    plain = text.plain_ascii(values["value"])
    normalised = judge.normaliser.quickly(plain)
    blocked = judge.blocks(plain.str.to_lowercase()) | judge.blocks(normalised)
    known = normalised.is_not_null()
    rest = values.filter(~known)
    quick = values.with_columns(
        normalised=pl.when(~blocked).then(normalised),
        refused=pl.when(blocked).then(pl.lit("blocked")),
    ).filter(known)
    return pl.concat([quick, rest.hstack(_one_by_one(rest, judge))])


def _one_by_one(values: pl.DataFrame, judge: _Judge) -> pl.DataFrame:
    said = values.select("value").unique()
    told = pl.DataFrame([judge(value) for value in said["value"]], schema=VERDICT, orient="row")
    return (
        values.select("value")
        .join(said.hstack(told), on="value", how="left", nulls_equal=True, maintain_order="left")
        .select(*VERDICT)
    )


def _no_verdict() -> list[pl.Expr]:
    return [pl.lit(None, dtype).alias(name) for name, dtype in VERDICT.items()]
