"""The numbers under which channels know people; each channel keeps a numbering of its own."""

import polars as pl

from cdp.generate.chance import scattered

_PERSON, _HOUSEHOLD = pl.col("person_id"), pl.col("household_id")


def entered(offset: int) -> pl.Expr:
    """Nine digits for the person; other ones for a second entry of the same person."""
    return scattered(_PERSON + pl.col("entry").cast(pl.Int64) * 500_000_000, offset)


def customer_id() -> pl.Expr:
    """The customer number in the CRM of the person's first entry."""
    return pl.lit("C") + scattered(_PERSON, 11)


def shop_user_id() -> pl.Expr:
    """The user id in the web shop of the person's first account."""
    return pl.lit("u") + scattered(_PERSON, 23)


def loyalty_card() -> pl.Expr:
    """The number on the household's loyalty card."""
    return pl.lit("6009") + scattered(_HOUSEHOLD, 37)


def cookie_id(device: pl.Expr) -> pl.Expr:
    """The web analytics cookie on a device (a whole number)."""
    return pl.lit("GA1.2.") + scattered(device, 41) + ".1" + scattered(device, 43)


def device_id(device: pl.Expr) -> pl.Expr:
    """The advertising id of a device (a whole number)."""
    return pl.lit("dev-") + scattered(device, 47)
