"""S0: a person whom every kind of channel knows has one profile, each part with source and time."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cdp.channel.load import load_channel
from cdp.ingest import ingest
from cdp.model.profile import Membership, Profile, TimelineEvent
from cdp.profile.fold import fold_stale_profiles
from tests.scenarios.bergs import HOME, tell
from tests.scenarios.world import HERE, SHIPPED, World

CHANNELS = (
    "companies",
    "crm",
    "email_campaign",
    "memberships",
    "reviews",
    "social",
    "store_sales",
    "support",
    "survey",
    "web_clickstream",
    "web_shop",
)


@pytest.fixture(scope="module")
def world(module_world: World) -> World:
    tell(module_world)
    module_world.ingest(*CHANNELS)
    module_world.ingest("area_statistics", folder=HERE / "channels")
    return module_world


@pytest.fixture
def ann(world: World) -> Profile:
    return world.one(customer_id="C-1")


def test_every_channel_that_knows_her_speaks_in_one_profile(world: World, ann: Profile):
    assert set(ann.channels) == {*CHANNELS, "area_statistics"} - {"companies"}
    for identifier in (
        {"email": "ann.berg@example.com"},
        {"email": "a.berg@lumen.example"},
        {"phone": "+12175550199"},
        {"loyalty_card": "L7001"},
        {"shop_user_id": "U-1"},
        {"instagram": "ann.runs"},
    ):
        assert world.one(**identifier).profile_id == ann.profile_id


def test_part_1_identity_holds_names_contact_points_numbers_cards_and_devices(ann: Profile):
    assert ann.identity.name is not None
    assert (ann.identity.name.given, ann.identity.name.family) == ("Ann", "Berg")
    assert ann.identifiers == {
        "cookie_id": ["ck-1"],
        "customer_id": ["C-1"],
        "device_id": ["dev-1"],
        "email": ["a.berg@lumen.example", "ann.berg@example.com"],
        "instagram": ["ann.runs"],
        "loyalty_card": ["l7001"],
        "phone": ["+12175550142", "+12175550199"],
        "shop_user_id": ["U-1"],
    }
    assert ann.geography.address is not None
    assert ann.geography.address.model_dump(exclude_none=True) == HOME


def test_part_2_demographics(ann: Profile):
    assert ann.demographics.model_dump(exclude_none=True) == {
        "gender": "f",
        "birth_date": date(1984, 3, 9),
        "age": 33,
        "marital_status": "married",
        "children": 2,
        "income": 84_000,
        "education": "master",
        "occupation": "engineer",
        "job_title": "Head of Design",
        "home_ownership": "owner",
    }


def test_part_3_social_accounts_with_what_they_post(world: World, ann: Profile):
    assert ann.identifiers["instagram"] == ["ann.runs"]
    assert ann.social.bio == "Runs for the children's hospital"
    assert ann.social.followers == 310
    (post,) = world.profiles.timeline(ann.profile_id, kinds=["post"])
    assert post.properties == {
        "network": "instagram",
        "text": "Charity run on Sunday!",
        "likes": 14,
    }


def test_part_4_online_and_offline_behaviour_stand_in_one_timeline(world: World, ann: Profile):
    timeline = world.profiles.timeline(ann.profile_id)
    assert [(event.channel, event.kind) for event in reversed(timeline)] == [
        ("email_campaign", "email_sent"),
        ("email_campaign", "email_opened"),
        ("email_campaign", "email_clicked"),
        ("web_clickstream", "page_viewed"),
        ("web_clickstream", "products_searched"),
        ("web_clickstream", "product_viewed"),
        ("web_clickstream", "product_added"),
        *ordered_by_id(timeline, datetime(2017, 12, 3, 19, 30, tzinfo=UTC)),
        *ordered_by_id(timeline, datetime(2017, 12, 5, 17, tzinfo=UTC)),
        ("social", "post"),
        ("support", "support_message"),
        *ordered_by_id(timeline, datetime(2017, 12, 10, 8, tzinfo=UTC)),
        ("survey", "survey_answered"),
        ("reviews", "review"),
    ]
    online = [event for event in timeline if event.channel == "web_shop"]
    assert sorted(event.kind for event in online) == [
        "order", "order_line", "order_line", "order_refunded", "return_line"
    ]  # fmt: skip
    offline = [event for event in timeline if event.channel == "store_sales"]
    assert sorted(event.kind for event in offline) == ["order", "order_line"]


def ordered_by_id(timeline: list[TimelineEvent], at: datetime) -> list[tuple[str, str]]:
    """What happened at one moment has no order of its own."""
    return [(event.channel, event.kind) for event in reversed(timeline) if event.occurred_at == at]


def test_part_4_orders_of_web_and_store_sum_up_with_their_discounts(world: World, ann: Profile):
    (orders,) = [part for part in ann.behaviour if part.kind == "order"]
    assert (orders.events, orders.amount, orders.discount) == (2, Decimal("172.5"), Decimal("31.5"))
    assert orders.first_at == datetime(2017, 12, 3, 19, 30, tzinfo=UTC)
    assert orders.last_at == datetime(2017, 12, 5, 17, tzinfo=UTC)
    (returned,) = [part for part in ann.behaviour if part.kind == "order_refunded"]
    assert returned.amount == Decimal(40)
    bought = world.profiles.timeline(ann.profile_id, kinds=["order_line"])
    assert {event.category for event in bought} == {"JACKETS", "SCARVES", "TEA"}


def test_part_5_sentiment_with_its_product_category_and_words(world: World, ann: Profile):
    assert ann.sentiment is not None
    assert (ann.sentiment.scored, ann.sentiment.mean) == (2, pytest.approx((0.5 + 0.4) / 2))
    (review,) = world.profiles.timeline(ann.profile_id, kinds=["review"])
    assert (review.product, review.category, review.score) == ("jacket", "JACKETS", 0.5)
    assert review.properties["text"] == "Warm and light"
    (answer,) = world.profiles.timeline(ann.profile_id, kinds=["survey_answered"])
    assert answer.properties["comment"] == "Prefer real wool, even at 100 £"
    (message,) = world.profiles.timeline(ann.profile_id, kinds=["support_message"])
    assert message.properties["text"] == "The scarf itches, how do I return it?"
    assert ann.psychographics.model_dump()["sustainability"] == 5


def test_part_6_memberships_have_role_and_dates(ann: Profile):
    assert ann.memberships == [
        Membership(
            organisation="Springfield Harriers",
            kind="club",
            role="treasurer",
            since=date(2014, 5, 1),
        )
    ]


def test_part_6_the_company_she_works_for_is_an_account_of_its_own(world: World, ann: Profile):
    (link,) = ann.accounts
    assert (link.namespace, link.key, link.role) == (
        "company_domain",
        "lumen.example",
        "Head of Design",
    )
    company = world.one(company_domain=link.key)
    assert company.subject == "account"
    assert company.firmographics.employees == 120


def test_part_7_public_data_is_marked_as_such(world: World, ann: Profile):
    assert ann.public == {"area_median_income": 55_300, "area_urban": True}
    assert world.said_by(ann, "public.area_median_income") == {"area_statistics": 55_300}
    assert ann.demographics.income == 84_000


def test_consents_are_those_last_given(ann: Profile):
    given = {(each.purpose, each.medium): each.state for each in ann.consents}
    assert given == {
        ("marketing", "email"): "granted",
        ("marketing", "post"): "denied",
        ("newsletter", "email"): "granted",
    }


def test_each_trait_says_who_stated_it_and_when(world: World, ann: Profile):
    for trait in ann.traits:
        told = world.profiles.explain(ann.profile_id, trait)
        assert told.carried_by
        for statement in told.carried_by:
            assert statement.channel in ann.channels
            assert statement.observed_at.tzinfo
            assert statement.observed_at <= statement.recorded_at
    assert set(world.said_by(ann, "birth_date")) == {"crm", "memberships"}
    assert world.said_by(ann, "name")["store_sales"] == {"family": "Berg", "given": "Anne"}


def test_each_identifier_says_which_record_carries_it(world: World, ann: Profile):
    records = world.profiles.records(ann.profile_id)
    assert len(records) == ann.records
    carried = {
        (namespace, value): {each.channel for each in records if (namespace, value) in {(h.namespace, h.value) for h in each.identifiers}}
        for namespace, values in ann.identifiers.items()
        for value in values
    }  # fmt: skip
    assert all(carried.values())
    assert carried["loyalty_card", "l7001"] == {"crm", "store_sales", "survey"}
    assert carried["email", "a.berg@lumen.example"] == {"crm", "memberships"}


def test_each_event_says_where_it_came_from_and_when(world: World, ann: Profile):
    records = {each.record_uid: each.channel for each in world.profiles.records(ann.profile_id)}
    for event in world.profiles.timeline(ann.profile_id):
        assert records[event.record_uid] == event.channel
        assert event.occurred_at <= event.recorded_at


def test_her_husband_with_the_same_phone_name_and_address_is_another(world: World, ann: Profile):
    ben = world.one(customer_id="C-2")
    assert ben.profile_id != ann.profile_id
    assert ben.channels == ["area_statistics", "crm", "store_sales"]
    assert {each.profile_id for each in world.profiles.find(phone="217 555 0142")} == {
        ann.profile_id,
        ben.profile_id,
    }


def test_another_person_of_her_name_is_another(world: World, ann: Profile):
    namesake = world.one(customer_id="C-3")
    assert namesake.profile_id != ann.profile_id
    assert namesake.channels == ["area_statistics", "crm"]
    assert namesake.public == {}


def test_she_is_found_by_a_misspelt_name_with_her_city(world: World, ann: Profile):
    assert world.profiles.search("anne berg springfeld")[0].profile_id == ann.profile_id


def test_reading_all_channels_again_changes_nothing(world: World, ann: Profile):
    for channel in CHANNELS:
        report = ingest(world.database, load_channel(SHIPPED / channel))
        assert (report.deliveries, bool(report.passed_over)) == (0, True)
    assert fold_stale_profiles(world.database) == 0
    assert world.one(customer_id="C-1") == ann
