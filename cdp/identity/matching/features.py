"""The canonical matching features of records: cleaned, one row each, whatever they came from."""

import polars as pl

from cdp.identity.matching.birth import birth_dates
from cdp.identity.matching.names import names
from cdp.identity.matching.roles import NAMED, SEVERAL, SINGLE
from cdp.identity.matching.text import compact, digits, plain

_BIRTH_PARTS = ("birth_year", "birth_month", "birth_day")


def features(frame: pl.DataFrame) -> pl.DataFrame:
    """The matching features of records, in the order of `frame`.

    Args:
        frame: record_uid (unique; any type that sorts), and whatever is known of: given_name,
            middle_name, family_name, name_suffix, full_name, birth_date (date or text) or birth_year, birth_month, birth_day, email and phone (a text or a list of
            normalised values), street, house_number, city, postcode, gender, and further columns
            `category_<name>` (words that many people share) and `code_<name>` (a number or key
            typed by hand). Any may be absent or null.

    Returns:
        record_uid; given, middle (list), family, generation, names (list), behind (list of the
        names that `given` may stand for), birth (yyyymmdd), emails, phones (lists), email, phone
        (the first of each), local, digits, domain (of the e-mail address), street (with its house
        number), city, postcode, gender; category_<name> and code_<name>. Null where unknown.
    """
    told = frame.with_columns(
        *(pl.lit(None, pl.String).alias(c) for c in SINGLE if c not in frame.columns),
        *(pl.lit(None, pl.List(pl.String)).alias(c) for c in SEVERAL if c not in frame.columns),
    )
    named = [c for c in frame.columns if c.split("_", 1)[0] in NAMED]
    plain_columns = told.select(
        "record_uid",
        *((plain if c.startswith("category_") else compact)(pl.col(c)).alias(c) for c in named),
        emails=_list(told, "email"),
        phones=_list(told, "phone"),
        street=_address(),
        city=plain(pl.col("city")),
        postcode=compact(pl.col("postcode")),
        gender=plain(pl.col("gender")).str.slice(0, 1),
    )
    return (
        plain_columns.hstack(names(told))
        .with_columns(
            birth=birth_dates(_stated_birth(told)),
            email=pl.col("emails").list.first(),
            phone=pl.col("phones").list.first(),
        )
        .with_columns(
            pl.col("email")
            .str.splitn("@", 2)
            .struct.rename_fields(["local", "domain"])
            .struct.unnest()
        )
        .with_columns(digits=digits(pl.col("local")))
    )


def _stated_birth(told: pl.DataFrame) -> pl.Series:
    """The birth date; where it is stated in parts, these put together."""
    parts = [pl.col(c).cast(pl.String).str.extract(r"^\s*(\d+)") for c in _BIRTH_PARTS]
    year, month, day = (pl.when(part.cast(pl.Int64, strict=False) > 0).then(part) for part in parts)
    together = pl.concat_str(
        year, month.fill_null("1").str.zfill(2), day.fill_null("1").str.zfill(2), separator="-"
    )
    if told["birth_year"].null_count() == told.height:
        return told["birth_date"]
    return told.select(pl.coalesce(pl.col("birth_date").cast(pl.String), together)).to_series()


def _list(frame: pl.DataFrame, column: str) -> pl.Expr:
    values = pl.col(column)
    if not isinstance(frame.schema[column], pl.List):
        values = pl.concat_list(values.cast(pl.String))
    # Nearly all state one value at most, and sorting lists is dear.
    several = pl.when(values.list.len() > 1).then(values)
    several = several.list.drop_nulls().list.unique().list.sort()
    return (
        pl.when((values.list.len() == 1) & values.list.first().is_not_null())
        .then(values)
        .when(several.list.len() > 0)
        .then(several)
    )


def _address() -> pl.Expr:
    """House number and street as one text, the number first, wherever it was written."""
    both = plain(pl.concat_str("house_number", "street", separator=" ", ignore_nulls=True))
    return pl.when(pl.col("street").is_not_null()).then(both)
