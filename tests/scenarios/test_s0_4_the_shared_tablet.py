"""S0.4: two members of a family use one device, each logged in to an account; they stay two."""

from itertools import permutations

import pytest

from cdp.identities import Identities
from cdp.model.profile import Profile
from tests.scenarios.world import ACCOUNT, ACTIVITY, CLICK, World

HOME = {"street": "3 Oak Ave", "city": "Dayton", "region": "OH", "postcode": "45402"}
TABLET = CLICK | {"cookie_id": "ck-tablet", "device_id": "TABLET-1", "category": "SHOES"}


def account(user: str, given: str, email: str) -> dict:
    """An account of a family that shares its name, its address and its phone."""
    return ACCOUNT | HOME | {
        "user_id": user, "first_name": given, "last_name": "Reyes", "email": email,
        "phone": "937-555-0123", "created_at": "2017-01-01T00:00:00Z",
        "updated_at": "2017-12-01T00:00:00Z",
    }  # fmt: skip


def order(user: str, number: str) -> dict:
    return ACTIVITY | {
        "type": "order_line", "user_id": user, "at": "2017-12-04T10:00:00Z", "order_id": number,
        "line": 1, "product_id": f"shoe-{user}", "category": "SHOES", "quantity": 1, "amount": 50.0,
        "discount": 0.0,
    }  # fmt: skip


def view(event: str, user: str | None, product: str) -> dict:
    return TABLET | {
        "event_id": event, "event": "product_viewed", "at": f"2017-12-03T1{event}:00:00Z",
        "user_id": user, "product_id": product,
    }  # fmt: skip


CLICKS = [
    view("1", None, "sandal"),  # nobody logged in
    view("2", "U-mia", "heel"),
    view("3", "U-leo", "boot"),
    view("4", None, "sandal"),
    view("5", "U-mia", "pump"),
]


def tell(world: World, given: tuple[str, str] = ("Mia", "Leo")) -> None:
    mia, leo = given
    accounts = [account("U-mia", mia, "mia@example.com"), account("U-leo", leo, "leo@example.com")]
    world.jsonl("web_shop/accounts.jsonl.gz", accounts)
    world.jsonl("web_shop/activity-1.jsonl.gz", [order("U-mia", "O-1"), order("U-leo", "O-2")])


def products(world: World, profile: Profile) -> set[str | None]:
    viewed = world.profiles.timeline(profile.profile_id, kinds=["product_viewed"])
    return {event.product for event in viewed}


def assert_two(world: World) -> None:
    mia, leo = world.one(email="mia@example.com"), world.one(email="leo@example.com")
    assert mia.profile_id != leo.profile_id
    assert mia.identifiers["shop_user_id"] == ["U-mia"]
    assert leo.identifiers["shop_user_id"] == ["U-leo"]
    assert {"heel", "pump"} <= products(world, mia) <= {"heel", "pump", "sandal"}
    assert {"boot"} <= products(world, leo) <= {"boot", "sandal"}
    # What nobody logged in has viewed may be of one of them, never of both.
    assert not products(world, mia) & products(world, leo)
    both = {each.profile_id for each in world.profiles.find(cookie_id="ck-tablet")}
    assert {mia.profile_id, leo.profile_id} <= both


@pytest.mark.parametrize("channels", list(permutations(["web_shop", "web_clickstream"])))
def test_two_accounts_on_one_tablet_are_two_profiles(world: World, channels: tuple[str, str]):
    tell(world)
    world.jsonl("web_clickstream/events-2017-12-03.jsonl.gz", CLICKS)
    world.ingest(*channels)
    assert_two(world)


def test_they_stay_two_whoever_logs_in_on_later_days(world: World):
    tell(world)
    for day, clicks in enumerate((CLICKS[:1], CLICKS[2:3], CLICKS[1:2], CLICKS[3:]), 3):
        world.jsonl(f"web_clickstream/events-2017-12-0{day}.jsonl.gz", clicks)
    world.ingest("web_clickstream", "web_shop")
    assert_two(world)


def test_father_and_son_of_one_name_stay_two_as_well(world: World):
    tell(world, given=("Leo", "Leo"))
    world.jsonl("web_clickstream/events-2017-12-03.jsonl.gz", CLICKS)
    world.ingest("web_shop", "web_clickstream")
    assert_two(world)


def test_of_one_person_the_tablet_and_the_views_before_the_login_are_joined(world: World):
    tell(world)
    mine = [click for click in CLICKS if click["user_id"] != "U-leo"]
    world.jsonl("web_clickstream/events-2017-12-03.jsonl.gz", mine)
    world.ingest("web_shop", "web_clickstream")
    mia = world.one(email="mia@example.com")
    assert products(world, mia) == {"heel", "pump", "sandal"}
    assert [each.profile_id for each in world.profiles.find(device_id="tablet-1")] == [
        mia.profile_id
    ]


def test_why_they_were_not_joined_is_on_record(world: World):
    tell(world)
    world.jsonl("web_clickstream/events-2017-12-03.jsonl.gz", CLICKS)
    world.ingest("web_shop", "web_clickstream")
    assert world.profiles.status().identity_log["cut"] > 0


def test_views_given_to_the_wrong_one_are_taken_away_by_one_call_and_stay_away(world: World):
    tell(world)
    world.jsonl("web_clickstream/events-2017-12-03.jsonl.gz", CLICKS)
    world.ingest("web_shop", "web_clickstream")
    mia, leo = world.one(email="mia@example.com"), world.one(email="leo@example.com")
    (taker,) = (each for each in (mia, leo) if "sandal" in products(world, each))
    viewed = {
        event.record_uid
        for event in world.profiles.timeline(taker.profile_id)
        if event.product == "sandal"
    }
    identities = Identities(database=world.database)
    for record in viewed:
        for each in (mia, leo):
            identities.cannot_link(each.profile_id, record, by="eva", reason="a guest looked")
    world.jsonl("web_clickstream/events-2017-12-04.jsonl.gz", [view("6", None, "sandal")])
    world.ingest("web_clickstream")
    assert_two(world)
    for email in ("mia@example.com", "leo@example.com"):
        assert "sandal" not in products(world, world.one(email=email))
