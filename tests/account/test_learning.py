"""Learning from won deals: honest on real leads, right on made ones, and silent without data."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cdp.account.learning import auc, learn
from cdp.accounts import Accounts
from cdp.channel.load import load_channel
from cdp.conclude import conclude
from cdp.derive.icp import with_fit
from cdp.errors import NothingToLearn
from cdp.ingest import ingest
from cdp.profile.fold import fold_stale_profiles
from cdp.settings import settings
from tests.acceptance.shared import data_folder

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def leads(new_database) -> Iterator[Accounts]:
    """The leads and won deals of a marketplace, as companies."""
    data = data_folder()
    with pytest.MonkeyPatch.context() as patch, new_database() as database:
        patch.setenv("CDP_DATA", str(data))
        settings.cache_clear()
        for name in ("leads", "deals"):
            report = ingest(database, load_channel(HERE / "channels" / name))
            assert not report.failures
        fold_stale_profiles(database)
        conclude(database)
        yield Accounts(database=database)
    settings.cache_clear()


def a_base(number: int = 600) -> tuple[pl.DataFrame, np.ndarray]:
    """Companies of two lines; every second one of wine is won, and one in twenty of the others."""
    lines = ["wine" if n % 3 == 0 else "software" for n in range(number)]
    won = np.array([n % 2 == 0 if line == "wine" else n % 20 == 0 for n, line in enumerate(lines)])
    told = [json.dumps({"account.line": line, "employees": n}) for n, line in enumerate(lines)]
    return pl.DataFrame({"traits": told}), won


def test_a_line_that_is_won_more_often_weighs_more_and_calibrates():
    candidates, won = a_base()
    icp = learn("x", candidates, won, ["account.line"], subject="account")
    weights = {each.when.is_: each.weight for each in icp.criteria}
    assert weights["wine"] > 0 > weights["software"]
    assert icp.report is not None
    assert icp.calibration is not None
    assert icp.report.auc.low > 0.7
    for fifth in icp.report.calibration:
        assert fifth["predicted"] == pytest.approx(fifth["won"], abs=0.08)
    sums = [weights["wine" if "wine" in told else "software"] for told in candidates["traits"]]
    below = [sum(each >= bound for bound in icp.calibration.percentiles[1:]) for each in sums]
    scored = with_fit(candidates.with_columns(subject=pl.lit("account")), [icp])
    assert [json.loads(told)["fit.x"] for told in scored["traits"]] == below


def test_what_is_known_of_the_won_only_is_left_out():
    candidates, won = a_base()
    told = [
        json.dumps(
            json.loads(text)
            | ({"custom.reason": "price"} if wins else {})
            | {"account.country": "DE", "revenue": 7}
            | ({"founded": 1900 + n} if n % 10 < (8 if wins else 4) else {})
        )
        for n, (text, wins) in enumerate(zip(candidates["traits"], won, strict=True))
    ]
    icp = learn(
        "x",
        pl.DataFrame({"traits": told}),
        won,
        ["account.line", "custom.reason", "founded", "account.country", "revenue"],
        subject="account",
    )
    assert icp.report is not None
    assert icp.report.traits == ["account.line"]
    for same in ("account.country", "revenue"):
        assert "600 of 600 candidates state the same" in icp.report.left_out[same]
    assert "known of the won only" in icp.report.left_out["custom.reason"]
    assert "83% of the won and 38% of the others" in icp.report.left_out["founded"]


def test_a_trait_that_tells_that_it_was_won_is_pointed_out():
    _, won = a_base()
    told = [json.dumps({"custom.stage": "customer" if wins else "lead"}) for wins in won]
    icp = learn("x", pl.DataFrame({"traits": told}), won, ["custom.stage"], subject="account")
    assert icp.report is not None
    assert "too good to be true: custom.stage" in icp.report.verdict


def test_too_few_won_deals_teach_nothing_and_say_so():
    candidates, won = a_base(60)
    with pytest.raises(NothingToLearn, match="not enough data: 11 won"):
        learn("x", candidates, won & (np.cumsum(won) <= 11), ["account.line"], subject="account")


def test_the_area_counts_pairs_in_the_right_order():
    scores, won = np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, True, False, True])
    assert auc(scores, won) == 3.5 / 4


@pytest.mark.heavy  # 8,000 leads take the whole road
def test_real_leads_are_told_apart_a_little_by_where_they_came_from(leads: Accounts):
    icp = leads.learn_icp(
        "olist", among="lead", keep=False,
        traits=["custom.origin", "custom.quarter", "custom.business_segment"],
    )  # fmt: skip
    report = icp.report
    assert report is not None
    assert (report.won, report.candidates) == (380, 8_000)
    assert 0.55 < report.auc.low < report.auc.value < 0.75
    assert report.brier < report.brier_base
    assert set(report.left_out) == {"custom.business_segment"}
