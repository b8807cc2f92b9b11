"""E-mail addresses and domains: one spelling per mailbox, with email-validator as the referee."""

import re
from collections.abc import Mapping

import polars as pl
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from cdp.identity.identifiers.text import Normaliser, kept
from cdp.identity.policy.declaration import EmailRule, IdentityPolicy

_LABEL = r"[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?"
_HOST = rf"(?:{_LABEL}\.)+[a-z]{{2,}}"
_SIMPLE_HOST = rf"^{_HOST}$"
_SIMPLE_EMAIL = rf"^[a-z0-9][a-z0-9_+\-]*(?:\.[a-z0-9_+\-]+)*@{_HOST}$"
# Shorter than a label may be, so that no single label needs measuring.
_SIMPLE_LENGTH = 63
_RESERVED = rf"\.(?:{'|'.join(SPECIAL_USE_DOMAIN_NAMES)})$"
_LINK = r"^[a-z][a-z0-9+.\-]*://(?:[^/@]*@)?|^//"


def email(policy: IdentityPolicy) -> Normaliser:
    """Lower case, Unicode domain, and the rules of the domains of which they are known."""
    rules = {domain: rule for rule in policy.email_rules for domain in rule.domains}

    def exactly(text: str) -> str | None:
        address = _validated(text)
        return address and _mailbox(address, rules)

    def at_once(text: str) -> str | None:
        address = text.lower()
        return _mailbox(address, rules) if _is_simple(address) else None

    return Normaliser(
        exactly=exactly,
        quickly=lambda column: _mailbox_quickly(column, rules),
        at_once=at_once,
    )


def domain() -> Normaliser:
    """The host of a web address without `www.`, in Unicode."""
    return Normaliser(exactly=_host, quickly=_host_quickly)


def _validated(text: str) -> str | None:
    try:
        # `test_environment` lets the documentation's own top-level domain .test pass.
        valid = validate_email(
            text, check_deliverability=False, test_environment=True, allow_display_name=True
        )
    except EmailNotValidError:
        return None
    return valid.normalized.lower()


def _mailbox(address: str, rules: Mapping[str, EmailRule]) -> str:
    local, _, host = address.rpartition("@")
    rule = rules.get(host)
    if rule is None:
        return address
    name = local.split("+", 1)[0] if rule.drop_tag else local
    name = name.replace(".", "") if rule.ignore_dots else name
    return f"{name or local}@{rule.canonical or host}"


def _mailbox_quickly(column: pl.Series, rules: Mapping[str, EmailRule]) -> pl.Series:
    canonical = {host: rule.canonical for host, rule in rules.items() if rule.canonical}
    parts = (
        _simple(column.str.to_lowercase(), _SIMPLE_EMAIL)
        .str.split_exact("@", 1)
        .struct.rename_fields(["local", "host"])
        .struct.unnest()
    )
    ruled = parts.with_columns(
        local=pl.when(pl.col("host").is_in(_where(rules, "drop_tag")))
        .then(pl.col("local").str.replace(r"\+.*$", ""))
        .otherwise("local")
    ).with_columns(
        local=pl.when(pl.col("host").is_in(_where(rules, "ignore_dots")))
        .then(pl.col("local").str.replace_all(".", "", literal=True))
        .otherwise("local"),
        host=pl.col("host").replace(canonical),
    )
    return ruled.select(pl.concat_str("local", pl.lit("@"), "host")).to_series()


def _where(rules: Mapping[str, EmailRule], flag: str) -> list[str]:
    return [host for host, rule in rules.items() if getattr(rule, flag)]


def _host(text: str) -> str | None:
    bare = re.sub(_LINK, "", text.lower())
    host = re.split(r"[/?#:]", bare, maxsplit=1)[0].rstrip(".").removeprefix("www.")
    address = _validated(f"x@{host}")
    return address and address.removeprefix("x@")


def _host_quickly(column: pl.Series) -> pl.Series:
    return _simple(column.str.to_lowercase().str.strip_prefix("www."), _SIMPLE_HOST)


def _is_simple(address: str) -> bool:
    """The same for one lower-cased address; in Python `$` would also match before a line's end."""
    return (
        len(address) <= _SIMPLE_LENGTH
        and "--" not in address
        and re.fullmatch(_SIMPLE_EMAIL[1:-1], address) is not None
        and re.search(_RESERVED, address) is None
    )


def _simple(column: pl.Series, shape: str) -> pl.Series:
    """`column` where the referee is known to agree: short, of `shape`, no Punycode, not reserved."""
    return kept(
        column,
        column.str.contains(shape)
        & (column.str.len_bytes() <= _SIMPLE_LENGTH)
        & ~column.str.contains("--", literal=True)
        & ~column.str.contains(_RESERVED),
    )
