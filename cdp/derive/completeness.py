"""Completeness: how much of what a complete profile has is known."""

from datetime import datetime

import polars as pl

from cdp.derive.declare import declared
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters

FAMILY = "completeness"
TRAITS = declared(
    FAMILY,
    ("derive.completeness of the policy",),
    ("completeness", "number", "share 0..1", "how much of a complete profile is known",
     "traits and namespaces of identifiers of derive.completeness that have a value / all of these"),
    ("age_years", "age", "years", "age by the stated date of birth", "now - birth_date", "birth_date"),
)  # fmt: skip


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits above, of persons."""
    del parameters, now
    wanted = facts.policy.completeness
    whole = len(wanted.traits) + len(wanted.identifiers)
    people = facts.profiles.filter(pl.col("subject") == "person")
    return people.select("n", completeness=(pl.col("filled") / whole).round(4))
