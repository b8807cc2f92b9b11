"""What people are told apart by."""

import numpy as np
import polars as pl

from cdp.persona.features import Trait, features


def test_what_follows_from_other_facts_is_not_told_again():
    chance = np.random.default_rng(4)
    orders, value, age = (np.exp(chance.normal(size=2_000)) for _ in range(3))
    people = pl.DataFrame({
        "orders": orders, "average_order_value": value, "spent": orders * value, "age": age,
    })  # fmt: skip
    found = {each.name for each in features(people, [
        Trait(name, "behaviour", "number") for name in people.columns
    ])}  # fmt: skip

    assert "age" in found
    assert len(found) == 3, "two of the three tell the third"
