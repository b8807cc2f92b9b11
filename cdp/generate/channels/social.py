"""Social accounts with their posts: one JSON line per post, or for an account that never posted."""

from pathlib import Path

import numpy as np
import polars as pl

from cdp.generate import ids
from cdp.generate.chance import Chance
from cdp.generate.files import with_bad_rows, write_jsonl
from cdp.generate.texts import posts
from cdp.generate.world import World, Written, daytime, full_name, known, moments, truth_of

NETWORKS = ("instagram", "twitter", "facebook")
_BIOS = (
    "Runner, reader, coffee first.",
    "Mum of two. Opinions my own.",
    "Living for summer and the sea.",
    "Street style, sneakers, music.",
    "Foodie. Local and organic.",
    "Here for the dogs.",
    None,
)


def write(world: World, folder: Path) -> Written:
    """`posts.jsonl` in `folder`."""
    chance = world.chance("social")
    entries = world.entries("social", chance)
    view = world.seen("social", entries, chance)
    accounts = _accounts(view, chance)
    rows, events = _posts(world, view, accounts, chance)
    rows, bad = with_bad_rows(rows, world.bad_rows, "posted_at", "n/a", chance)
    write_jsonl(rows, folder / "posts.jsonl")
    keys = accounts.select(pl.concat_str("network", "handle", separator=":"))
    return Written(truth_of(keys, view["person_id"]), events, bad)


def _accounts(view: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    count = view.height
    # A person's second account is on the next network, never a second one on the same.
    network = (ids.entered(61).str.slice(0, 4).cast(pl.Int64) + pl.col("entry")) % len(NETWORKS)
    name = pl.concat_str("given", "family", separator="_").str.to_lowercase()
    accounts = view.select(
        network=pl.Series(NETWORKS).gather(view.select(network).to_series()),
        name=name,
        display_name=full_name(),
        email="email",
        shop_user_id=known(ids.shop_user_id(), "web_shop", 0.4, count, chance),
        bio=chance.pick(_BIOS, count),
        followers=pl.Series((80 * chance.spread(count, 1.5)).astype(np.int64)),
        location=pl.when(pl.Series(chance.flags(count, 0.5))).then(
            pl.concat_str("city", "region", separator=", ")
        ),
        synthetic=pl.lit(value=True),
    )
    turn = pl.int_range(pl.len()).over("network", "name")
    number = pl.when(turn > 0).then((turn + 1).cast(pl.String)).otherwise(pl.lit(""))
    return accounts.with_columns(handle=pl.col("name") + number).drop("name")


def _posts(
    world: World, view: pl.DataFrame, accounts: pl.DataFrame, chance: Chance
) -> tuple[pl.DataFrame, int]:
    """One row per post and one for each account that never posted; and the number of posts."""
    activity = view["activity"].to_numpy()
    per_account = chance.shares(world.events["social"], activity)
    rows = np.maximum(per_account, 1)
    account = np.repeat(np.arange(len(rows)), rows)
    count = len(account)
    posted = pl.Series(per_account[account] > 0)
    goods = world.catalogue.liked(view["person_id"].to_numpy()[account], chance)
    category = world.catalogue.columns(goods, "product_category").to_series()
    text = posts(chance.places(count, (0.25, 0.25, 0.5)), category, chance)
    at = moments(daytime(count, 365, chance)).dt.to_string("%Y-%m-%dT%H:%M:%SZ")
    number = pl.Series(np.arange(count) + 900_000_000).cast(pl.String)
    post = {
        "post_id": number,
        "posted_at": at,
        "text": text,
        "likes": pl.Series((3 * chance.spread(count, 1.2)).astype(np.int64)),
    }
    columns = [pl.when(posted).then(pl.lit(column)).alias(name) for name, column in post.items()]
    return accounts[account].with_columns(columns), int(per_account.sum())
