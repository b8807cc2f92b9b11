"""Reading without an identifier: by a channel's own key, and everybody in turn."""

import pytest

from cdp import profiles
from cdp.errors import ProfileNotFound
from tests.acceptance.drop import ANN, BO, CY, Shop


def test_a_record_is_found_by_its_channel_s_own_key(shop: Shop):
    shop.deliver("may.csv", ANN, BO, CY)
    shop.ingest()
    (figures,) = shop.profiles.status().channels
    found = shop.profiles.of_record(figures.channel, "2")
    assert found == shop.person("bo@example.com")
    with pytest.raises(ProfileNotFound):
        shop.profiles.of_record(figures.channel, "99")


def test_a_scan_gives_every_profile_once_over_all_pages(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    shop.deliver("may.csv", ANN, BO, CY)
    shop.ingest()
    monkeypatch.setattr(profiles, "PAGE", 2)
    mails = [profile.identifiers["email"][0] for profile in shop.profiles.scan("person")]
    assert sorted(mails) == ["ann@example.com", "bo@example.com", "cy@example.com"]
    assert list(shop.profiles.scan("account")) == []
