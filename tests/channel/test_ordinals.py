"""Equal rows are counted over the chunks of a delivery."""

from collections import Counter

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cdp.channel.ordinals import Ordinals


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), max_size=8))
def test_ordinals_are_those_of_counting_one_by_one(chunks):
    ordinals, counted = Ordinals(), Counter()
    for chunk in chunks:
        expected = []
        for text in chunk:
            expected.append(counted[text])
            counted[text] += 1
        assert ordinals.of(pl.Series(chunk, dtype=pl.String)).to_list() == expected
