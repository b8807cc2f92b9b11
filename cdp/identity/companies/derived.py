"""Identifiers that no channel gives as such: a company's name and place together name it."""

import polars as pl

from cdp.identity.companies.naming import plain_city, plain_company_name
from cdp.identity.identifiers.text import Normaliser, kept

NAME_PLACE = "company_name_place"
BETWEEN = "|"

# Where a channel tells a company's city: the address, else a place in words.
PLACES = ("$.traits.address.city", "$.traits.location")


def derived_identifiers(records: pl.DataFrame) -> pl.DataFrame:
    """What the records of companies are named by beyond what they give, as `namespace` and `value`.

    The value is `name|city`, as said; `name_place` makes it the form in which two spellings meet.

    Args:
        records: `content`, the JSON text of what a record says at a time; other columns are kept.
            A statement that tells only one of name and place derives nothing.
    """
    content = pl.col("content")
    places = [_text(content.str.json_path_match(path)) for path in PLACES]
    told = records.with_columns(
        name=_text(content.str.json_path_match("$.traits.company_name")),
        place=pl.coalesce(places),
    ).drop_nulls(["name", "place"])
    return told.with_columns(
        namespace=pl.lit(NAME_PLACE), value=pl.format(f"{{}}{BETWEEN}{{}}", "name", "place")
    ).drop("content", "name", "place")


def name_place() -> Normaliser:
    """`Château Martin S.A.S.|Bordeaux Cedex` as `chateau martin|bordeaux`.

    A name of one word is none: of the 5,833 start-ups of an accelerator 18 pairs have the same name
    and city, San Francisco, and every one of these names is a single word.
    """
    return Normaliser(exactly=_exactly, quickly=lambda column: kept(column, column.is_null()))


def _exactly(text: str) -> str | None:
    name, _, place = text.rpartition(BETWEEN)
    plain = plain_company_name(name), plain_city(place)
    return BETWEEN.join(plain) if " " in plain[0] and plain[1] else None


def _text(said: pl.Expr) -> pl.Expr:
    plain = said.str.replace_all(BETWEEN, " ", literal=True).str.strip_chars()
    return pl.when(plain != "").then(plain)
