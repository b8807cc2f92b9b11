"""The web clickstream: page and product views, searches and carts by cookie, one file per day."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from cdp.generate import ids
from cdp.generate.chance import Chance, Whole
from cdp.generate.files import with_bad_rows, write_jsonl
from cdp.generate.world import START, WEB_DAYS, World, Written, daytime, truth_of

EVENTS_PER_SESSION = 6
KINDS = ("page_viewed", "product_viewed", "products_searched", "product_added", "checkout_started")
KIND_WEIGHTS = (0.2, 0.55, 0.1, 0.11, 0.04)
PAGES = ("/", "/product", "/search", "/cart", "/checkout")
FIRST_DAY = 365 - WEB_DAYS
CLEARED = 500_000_000  # added to a device's number when its cookie was cleared


def write(world: World, folder: Path) -> Written:
    """`events-YYYY-MM-DD.jsonl.gz` in `folder`, one for each of the last days of the year."""
    chance = world.chance("web_clickstream")
    slices = _slices(world, chance)
    sessions = _sessions(world, slices, chance)
    bounds = np.searchsorted(sessions["day"], np.arange(WEB_DAYS + 1))
    bad = 0
    for day in range(WEB_DAYS):
        some = {name: column[bounds[day] : bounds[day + 1]] for name, column in sessions.items()}
        date = (START + dt.timedelta(days=FIRST_DAY + day)).date().isoformat()
        events = _events(world, slices, some, date, chance)
        events, added = with_bad_rows(events, world.bad_rows, "at", "0000-00-00", chance)
        write_jsonl(events, folder / f"events-{date}.jsonl.gz")
        bad += added
    user = pl.coalesce(pl.lit("/") + pl.col("user_id"), pl.lit(""))
    truth = truth_of(slices.select(pl.col("cookie_id") + user), slices["person_id"])
    return Written(truth, int(sessions["events"].sum()), bad)


def _slices(world: World, chance: Chance) -> pl.DataFrame:
    """The source records: what one cookie did while nobody, or one certain user, was logged in.

    Columns: person_id, activity, cookie_id, device_id, user_id (null: nobody logged in).
    """
    members = world.people.filter("in_web_clickstream").with_columns(
        device="person_id", cookie="person_id", user=pl.lit(None, dtype=pl.String)
    )
    wanted = world.records["web_clickstream"] - members.height
    users = members.filter("in_web_shop").with_columns(user=ids.shop_user_id())
    shared = _on_the_family_tablet(users, wanted // 10, chance)
    own = users[chance.sample(wanted * 9 // 10 - shared.height, users.height)]
    cleared = members.with_columns(cookie=pl.col("cookie") + CLEARED)
    again = cleared[chance.sample(wanted - shared.height - own.height, members.height)]
    return pl.concat([members, shared, own, again]).select(
        "person_id",
        "activity",
        cookie_id=ids.cookie_id(pl.col("cookie")),
        device_id=ids.device_id(pl.col("device")),
        user_id="user",
    )


def _on_the_family_tablet(users: pl.DataFrame, most: int, chance: Chance) -> pl.DataFrame:
    """Users logged in on the device of the first user of their household, who has it too."""
    owner = pl.col("device").first().over("household_id")
    guests = users.with_columns(owner=owner).filter(pl.col("owner") != pl.col("person_id"))
    guests = guests.with_columns(device="owner", cookie="owner").drop("owner")
    return guests[chance.sample(most, guests.height)]


def _sessions(world: World, slices: pl.DataFrame, chance: Chance) -> dict[str, Whole]:
    """Slice, day, second of the day and number of events of each visit, by day."""
    total = world.events["web_clickstream"]
    count = max(slices.height, total // EVENTS_PER_SESSION)
    # Every slice has been seen at least once.
    more = chance.places(count - slices.height, slices["activity"].to_numpy())
    visitor = np.concatenate([np.arange(slices.height), more])
    second = daytime(count, WEB_DAYS, chance)
    order = np.argsort(second, kind="stable")
    return {
        "slice": visitor[order],
        "day": second[order] // 86_400,
        "second": second[order] % 86_400,
        "events": chance.shares(total, np.ones(count), least=1),
    }


def _events(
    world: World, slices: pl.DataFrame, sessions: dict[str, Whole], date: str, chance: Chance
) -> pl.DataFrame:
    """The events of one day's `sessions`."""
    lengths = sessions["events"]
    count = int(lengths.sum())
    session = np.repeat(np.arange(len(lengths)), lengths)
    turn = np.arange(count) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    visitor = slices[sessions["slice"][session]]
    kind = np.where(turn == 0, 0, chance.places(count, KIND_WEIGHTS))
    goods = world.catalogue.liked(visitor["person_id"].to_numpy(), chance)
    products = world.catalogue.columns(goods, "product_id", "product_category", "department")
    about_goods = pl.Series((kind == 1) | (kind == 3))
    search = pl.Series(kind == 2)
    second = sessions["second"][session] + turn * 45 + chance.whole(count, 0, 45)
    day = np.datetime64(date, "s")
    at = pl.Series((day + second.astype("timedelta64[s]")).astype("datetime64[us]"))
    product = pl.when(about_goods).then(pl.col("product_id").cast(pl.String))
    return visitor.hstack(products).select(
        event_id=pl.lit(date + "-") + pl.Series(np.arange(count)).cast(pl.String),
        event=pl.Series(KINDS).gather(kind),
        at=at.dt.to_string("%Y-%m-%dT%H:%M:%SZ"),
        session_id=pl.lit(f"s{date}-") + pl.Series(session).cast(pl.String),
        cookie_id="cookie_id",
        device_id="device_id",
        user_id="user_id",
        device=chance.pick(("phone", "desktop", "tablet"), len(lengths), (0.5, 0.35, 0.15)).gather(
            session
        ),
        product_id=product,
        category=pl.when(about_goods | search).then("product_category"),
        department=pl.when(about_goods).then("department"),
        query=pl.when(search).then(pl.col("product_category").str.to_lowercase()),
        url=pl.coalesce(pl.lit("/product/") + product, pl.Series(PAGES).gather(kind)),
        synthetic=pl.lit(value=True),
    )
