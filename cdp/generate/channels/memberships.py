"""Members of clubs, teams, causes and the loyalty programme, as a partner's list has them."""

from pathlib import Path

import numpy as np
import polars as pl

from cdp.generate import ids
from cdp.generate.chance import Chance
from cdp.generate.files import with_bad_rows, write_csv
from cdp.generate.view import written_phones
from cdp.generate.world import YEAR_SECONDS, World, Written, moments, truth_of

ORGANISATIONS = (
    ("Complete Rewards", "loyalty_programme"),
    ("City Runners", "club"),
    ("Riverside Gardeners", "club"),
    ("Heart Fund", "cause"),
    ("Food Bank Friends", "cause"),
    ("Lions Youth Soccer", "team"),
    ("Chamber of Commerce", "organisation"),
)
_WEIGHTS = (0.4, 0.14, 0.1, 0.12, 0.08, 0.1, 0.06)
_DAY = "%m/%d/%Y"


def write(world: World, folder: Path) -> Written:
    """`members.tsv` in `folder`."""
    chance = world.chance("memberships")
    entries = world.entries("memberships", chance)
    view = world.seen("memberships", entries, chance)
    members = _members(view, chance)
    rows, bad = with_bad_rows(members, world.bad_rows, "member_since", "13/45/2016", chance)
    write_csv(rows, folder / "members.tsv", separator="\t")
    return Written(truth_of(members["member_no"], view["person_id"]), 0, bad)


def _members(view: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    count = view.height
    joined = -chance.whole(count, 0, 6 * YEAR_SECONDS)
    left = joined + chance.whole(count, 30 * 86_400, 3 * YEAR_SECONDS)
    gone = pl.Series(chance.flags(count, 0.2) & (left < YEAR_SECONDS))
    which = chance.places(count, _WEIGHTS)
    return view.select(
        member_no=pl.lit("M") + ids.entered(79),
        given_name="given_name",
        family_name="family_name",
        birth_date=pl.col("birth_date").dt.to_string(_DAY),
        email="email",
        phone="phone",
        mobile=pl.when(pl.Series(chance.flags(count, 0.3))).then(
            pl.lit(written_phones(view["mobile"], chance))
        ),
        street="street",
        city="city",
        region="region",
        postcode="postcode",
        organisation=pl.Series([name for name, _ in ORGANISATIONS]).gather(which),
        kind=pl.Series([kind for _, kind in ORGANISATIONS]).gather(which),
        role=chance.pick(("member", "volunteer", "board", "treasurer"), count, (88, 8, 3, 1)),
        member_since=moments(joined).dt.to_string(_DAY),
        member_until=pl.when(gone).then(pl.lit(moments(np.asarray(left)).dt.to_string(_DAY))),
        synthetic=pl.lit(value=True),
    )
