"""Companies as a business register lists them; the people are in other channels' work e-mails."""

from pathlib import Path

import polars as pl

from cdp.generate.files import with_bad_rows, write_csv
from cdp.generate.world import World, Written


def write(world: World, folder: Path) -> Written:
    """`companies.csv` in `folder`."""
    companies = world.companies.select(
        domain="domain",
        name="name",
        website=pl.lit("https://") + pl.col("domain"),
        sector="sector",
        employees="employees",
        revenue="revenue",
        founded=pl.col("founded").cast(pl.String),
        street="street",
        city="city",
        region="region",
        postcode="postcode",
        country=pl.lit("US"),
        synthetic=pl.lit(value=True),
    )
    rows, bad = with_bad_rows(
        companies, world.bad_rows, "founded", "long ago", world.chance("companies")
    )
    write_csv(rows, folder / "companies.csv")
    # A company is no person: the truth about people has no rows of this channel.
    return Written(pl.DataFrame(schema={"record_key": pl.String, "person_id": pl.Int64}), 0, bad)
