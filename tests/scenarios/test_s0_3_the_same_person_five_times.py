"""S0.3, what shared identifiers can prove: five spellings of one person are one profile."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from cdp.channel.load import load_channel
from cdp.identities import Identities
from cdp.identity.resolve import resolve_everything
from cdp.ingest import ingest
from cdp.profile.fold import fold_stale_profiles
from tests.scenarios.world import ACCOUNT, ACTIVITY, CARD, CRM, SALE, SHIPPED, World

CHANNELS = ("crm", "web_shop", "store_sales", "email_campaign", "reviews")
OLD = {"street": "9 Mill Rd", "city": "Salem", "region": "OR", "postcode": "97301"}
NEW = {"street": "77 Lake St", "city": "Boise", "region": "ID", "postcode": "83702"}


def tell(world: World) -> None:
    """The chain: CRM -card- store -phone- web shop -new address- newsletter; CRM -old address- reviews."""
    crm = CRM | OLD | {
        "customer_id": "C-9", "given_name": "Margaret", "family_name": "Smith",
        "birth_date": "1979-02-11", "email": "m.smith@example.com", "loyalty_card": "L-9009",
        "updated_at": "2012-04-01 09:00:00",
    }  # fmt: skip
    near = CRM | NEW | {
        "customer_id": "C-8", "given_name": "Martin", "family_name": "Smith-Jones",
        "birth_date": "1977-01-01", "email": "martin@example.com", "phone": "+1 208 555 0177",
        "updated_at": "2012-04-01 09:00:00",
    }  # fmt: skip
    world.csv("crm/customers.csv", [crm, near])
    account = ACCOUNT | NEW | {
        "user_id": "U-9", "first_name": "Maggie", "last_name": "Smith-Jones",
        "email": "maggie@example.org", "phone": "(208) 555-0177",
        "created_at": "2016-01-01T00:00:00Z", "updated_at": "2017-11-11T00:00:00Z",
    }  # fmt: skip
    world.jsonl("web_shop/accounts.jsonl.gz", [account])
    line = ACTIVITY | {"type": "order_line", "user_id": "U-9", "at": "2017-11-20T12:00:00Z", "order_id": "W-9",
                       "line": 1, "product_id": "tea", "category": "TEA", "quantity": 1, "amount": 8.0,
                       "discount": 0.0}  # fmt: skip
    world.jsonl("web_shop/activity-1.jsonl.gz", [line])
    sale = SALE | {
        "household_id": 90,
        "product_id": 11,
        "transaction_timestamp": datetime(2015, 6, 1, 10),  # noqa: DTZ001 - as the till tells it
    }
    world.parquet("store_sales/transactions-1.parquet", [sale])
    product = {"product_id": 11, "department": "GROCERY", "product_category": "TEA", "brand": "Own"}
    world.parquet("store_sales/products.parquet", [product])
    card = CARD | {"household_id": 90, "loyalty_card": "l9009", "given_name": "Peggy", "family_name": "Smyth",
                   "phone": "2085550177"}  # fmt: skip
    world.parquet("store_sales/identities.parquet", [card])
    subscriber = {"subscriber_id": "N-9", "email": "Maggie@Example.org", "first_name": "Maggy",
                  "last_name": "Smith Jones", "customer_id": None, "language": "en"}  # fmt: skip
    world.csv("email_campaign/subscribers.csv", [subscriber])
    opened = {
        "subscriber_id": "N-9",
        "action": "opened",
        "campaign": "may",
        "at": "2017-05-01 08:00:00",
    }
    world.csv("email_campaign/engagement-1.csv", [opened])
    review = {"review_id": "r9", "reviewer_id": "R-9", "reviewer_name": "Peg S.", "given_name": None,
              "email": "M.Smith@example.com", "shop_user_id": None, "product_id": "tea", "category": "TEA",
              "rating": 5, "title": "Good", "text": "Good tea", "created_at": "2013-03-03 10:00"}  # fmt: skip
    world.csv("reviews/reviews-1.csv", [review])


@pytest.mark.parametrize("order", list(permutations(CHANNELS))[::37])
def test_five_spellings_are_one_profile_in_whatever_order_they_come(
    world: World, order: tuple[str, ...]
):
    tell(world)
    world.ingest(*order)
    person = world.one(customer_id="C-9")
    assert (set(person.channels), person.records) == (set(CHANNELS), 5)
    assert person.identifiers["email"] == ["m.smith@example.com", "maggie@example.org"]
    timeline = world.profiles.timeline(person.profile_id)
    assert {event.channel for event in timeline} == set(CHANNELS) - {"crm"}
    # Her husband shares the phone, the family name and the new address.
    assert world.one(customer_id="C-8").records == 1


def test_each_attribute_names_its_source_and_what_it_beat(world: World):
    tell(world)
    world.ingest(*CHANNELS)
    person = world.one(email="maggie@example.org")
    assert world.said_by(person, "name") == {
        "crm": {"given": "Margaret", "family": "Smith"},
        "web_shop": {"given": "Maggie", "family": "Smith-Jones"},
        "store_sales": {"given": "Peggy", "family": "Smyth"},
        "email_campaign": {"given": "Maggy", "family": "Smith Jones"},
        "reviews": {"full": "Peg S."},
    }
    name = world.profiles.explain(person.profile_id, "name")
    assert [each.channel for each in name.carried_by] == ["crm"]
    address = world.profiles.explain(person.profile_id, "address")
    assert address.value == NEW
    assert [(each.channel, each.observed_at) for each in address.carried_by] == [
        ("web_shop", datetime(2017, 11, 11, tzinfo=UTC))
    ]
    assert [(each.channel, each.value) for each in address.lost] == [("crm", OLD)]


def test_every_id_ever_given_to_one_of_the_five_still_leads_to_her(world: World):
    tell(world)
    given = []
    for channel in CHANNELS:
        world.ingest(channel)
        given += [
            each.profile_id
            for identifier in ({"email": "m.smith@example.com"}, {"email": "maggie@example.org"})
            for each in world.profiles.find(**identifier)
        ]
    assert len(set(given)) > 1
    person = world.one(customer_id="C-9")
    assert {world.profiles.get(uid).profile_id for uid in given} == {person.profile_id}


def test_a_wrong_merge_is_undone_by_one_call_and_never_made_again_by_itself(world: World):
    tell(world)
    world.ingest(*CHANNELS[:-1])
    before = world.profiles.body(world.one(customer_id="C-9").profile_id)
    world.ingest("reviews")
    person = world.one(customer_id="C-9")
    assert person.records == 5
    reviewer = ("reviews", "R-9")
    identities = Identities(database=world.database)
    identities.undo((person.profile_id, reviewer), by="eva", reason="her niece writes the reviews")

    def assert_two() -> None:
        assert world.profiles.body(person.profile_id) == before
        niece = world.profiles.of_record(*reviewer)
        assert (niece.records, niece.channels) == (1, ["reviews"])
        assert [each.channel for each in world.profiles.timeline(niece.profile_id)] == ["reviews"]

    assert_two()
    for channel in CHANNELS:
        ingest(world.database, load_channel(SHIPPED / channel), again=True)
    resolve_everything(world.database)
    fold_stale_profiles(world.database)
    assert_two()


def test_the_undoing_of_a_merge_can_be_taken_back(world: World):
    tell(world)
    world.ingest(*CHANNELS)
    person = world.one(customer_id="C-9")
    before = world.profiles.body(person.profile_id)
    identities = Identities(database=world.database)
    undone = identities.undo(
        (person.profile_id, ("reviews", "R-9")), by="eva", reason="her niece writes the reviews"
    )
    assert world.one(customer_id="C-9").records == 4
    identities.revoke(undone.decision.decision_id, by="eva", reason="it was she after all")
    assert world.profiles.body(person.profile_id) == before
