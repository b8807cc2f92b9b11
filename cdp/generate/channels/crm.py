"""The customer master: one CSV line per customer number, some people with two."""

from pathlib import Path

import numpy as np
import polars as pl

from cdp.generate import ids
from cdp.generate.chance import Chance
from cdp.generate.files import with_bad_rows, write_csv
from cdp.generate.view import written_phones
from cdp.generate.world import YEAR_SECONDS, World, Written, known, moments, truth_of


def write(world: World, folder: Path) -> Written:
    """`customers.csv` in `folder`."""
    chance = world.chance("crm")
    entries = world.entries("crm", chance)
    view = world.seen("crm", entries, chance)
    customers = _customers(view, chance)
    truth = truth_of(customers["customer_id"], view["person_id"])
    customers, bad = with_bad_rows(customers, world.bad_rows, "birth_date", "31.02.1980", chance)
    write_csv(customers, folder / "customers.csv")
    return Written(truth, 0, bad)


def _customers(view: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    count = view.height
    has_job = pl.Series(chance.flags(count, 0.5))
    work = {column: pl.when(has_job).then(column) for column in ("work_email", "job_title")}
    return view.select(
        customer_id=pl.lit("C") + ids.entered(11),
        given_name="given_name",
        family_name="family_name",
        birth_date=pl.col("birth_date").cast(pl.String),
        gender=pl.when(pl.Series(chance.flags(count, 0.9))).then("gender"),
        marital_status=pl.when(pl.Series(chance.flags(count, 0.7))).then("marital_status"),
        children=pl.when(pl.Series(chance.flags(count, 0.6))).then("children"),
        education=pl.when(pl.Series(chance.flags(count, 0.5))).then("education"),
        occupation=pl.when(pl.Series(chance.flags(count, 0.5))).then("occupation"),
        income=pl.when(pl.Series(chance.flags(count, 0.4))).then("income"),
        home_ownership=pl.when(pl.Series(chance.flags(count, 0.5))).then("home_ownership"),
        language="language",
        email="email",
        phone="phone",
        mobile=pl.when(pl.Series(chance.flags(count, 0.3))).then(
            pl.lit(written_phones(view["mobile"], chance))
        ),
        street="street",
        city="city",
        region="region",
        postcode="postcode",
        country=pl.lit("US"),
        loyalty_card=_card(count, chance),
        **work,
        consent_email=chance.pick(("Y", "N", None), count, (0.6, 0.25, 0.15)),
        consent_post=chance.pick(("Y", "N", None), count, (0.4, 0.3, 0.3)),
        updated_at=_updated(view, chance).dt.to_string("%Y-%m-%d %H:%M:%S"),
        synthetic=pl.lit(value=True),
    )


def _card(count: int, chance: Chance) -> pl.Expr:
    card = known(ids.loyalty_card(), "store_sales", 0.6, count, chance)
    return pl.when(pl.col("role") == "head").then(card)


def _updated(view: pl.DataFrame, chance: Chance) -> pl.Series:
    """When the line was last touched: long ago where it still has the old address."""
    seconds = chance.whole(view.height, 0, YEAR_SECONDS)
    return moments(np.where(view["moved_out"].to_numpy(), seconds - 2 * YEAR_SECONDS, seconds))
