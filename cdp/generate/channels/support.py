"""Messages to customer service by e-mail, phone and chat, as the help desk exports them."""

from pathlib import Path

import numpy as np
import polars as pl

from cdp.generate import ids
from cdp.generate.files import with_bad_rows, write_jsonl
from cdp.generate.texts import requests
from cdp.generate.world import World, Written, daytime, full_name, known, moments, truth_of


def write(world: World, folder: Path) -> Written:
    """`messages.jsonl` in `folder`."""
    chance = world.chance("support")
    entries = world.entries("support", chance)
    view = world.seen("support", entries, chance)
    contacts = view.select(
        contact_id=pl.lit("H") + ids.entered(71),
        name=full_name(),
        given_name="given_name",
        family_name="family_name",
        email="email",
        phone="phone",
        customer_id=known(ids.customer_id(), "crm", 0.4, view.height, chance),
    )
    per_contact = chance.shares(world.events["support"], view["activity"].to_numpy(), least=1)
    contact = np.repeat(np.arange(len(per_contact)), per_contact)
    count = len(contact)
    goods = world.catalogue.liked(view["person_id"].to_numpy()[contact], chance)
    category = world.catalogue.columns(goods, "product_category").to_series()
    at = moments(daytime(count, 365, chance)).dt.to_string("%Y-%m-%dT%H:%M:%S-05:00")
    messages = contacts[contact].with_columns(
        message_id=pl.lit("m") + pl.Series(np.arange(count) + 1).cast(pl.String),
        via=chance.pick(("email", "phone", "chat"), count, (0.5, 0.3, 0.2)),
        at=at,
        category=category,
        text=requests(category, chance),
        synthetic=pl.lit(value=True),
    )
    rows, bad = with_bad_rows(messages, world.bad_rows, "contact_id", None, chance)
    write_jsonl(rows, folder / "messages.jsonl")
    return Written(truth_of(contacts["contact_id"], view["person_id"]), count, bad)
