"""Ann Berg as every kind of channel tells her, beside her husband and another Ann Berg."""

from datetime import datetime

from tests.scenarios.world import (
    ACCOUNT,
    ACTIVITY,
    ANSWERS,
    CARD,
    CLICK,
    CRM,
    MEMBER,
    SALE,
    World,
)

HOME = {"street": "12 Elm St", "city": "Springfield", "region": "IL", "postcode": "62701"}


def tell(world: World) -> None:
    """Ann in every channel; Ben, of her household, in two; her namesake in one."""
    for part in (_crm, _shop, _clicks, _store, _mails, _social, _feelings, _clubs, _companies):
        part(world)


def _crm(world: World) -> None:
    ann = CRM | HOME | {
        "customer_id": "C-1", "given_name": "Ann", "family_name": "Berg",
        "birth_date": "1984-03-09", "gender": "f", "marital_status": "married", "children": 2,
        "education": "master", "occupation": "engineer", "job_title": "Head of Design",
        "income": "84000", "home_ownership": "owner", "language": "en",
        "email": "ann.berg@example.com", "work_email": "a.berg@lumen.example",
        "phone": "(217) 555-0142", "loyalty_card": "L-7001", "country": "US",
        "consent_email": "Y", "consent_post": "N", "updated_at": "2017-11-01 08:00:00",
    }  # fmt: skip
    ben = CRM | HOME | {
        "customer_id": "C-2", "given_name": "Ben", "family_name": "Berg", "gender": "m",
        "birth_date": "1982-07-21", "email": "ben.berg@example.com", "phone": "(217) 555-0142",
        "loyalty_card": "L-7002", "updated_at": "2017-11-01 08:00:00",
    }  # fmt: skip
    other = CRM | {
        "customer_id": "C-3", "given_name": "Ann", "family_name": "Berg", "city": "Portland",
        "birth_date": "1991-12-24", "email": "annberg91@example.com", "postcode": "97201",
        "updated_at": "2017-11-01 08:00:00",
    }  # fmt: skip
    world.csv("crm/customers.csv", [ann, ben, other])
    areas = [{"postcode": "62701", "median_income": "55300", "urban": "true"}]
    world.csv("open/areas.csv", areas)


def _shop(world: World) -> None:
    account = ACCOUNT | HOME | {
        "user_id": "U-1", "email": "Ann.Berg@Example.com", "phone": "+1 217 555 0199",
        "first_name": "Ann", "last_name": "Berg", "language": "en",
        "created_at": "2015-06-01T10:00:00Z", "updated_at": "2017-12-01T09:00:00Z",
    }  # fmt: skip
    world.jsonl("web_shop/accounts.jsonl.gz", [account])
    line = ACTIVITY | {"type": "order_line", "user_id": "U-1", "at": "2017-12-03T19:30:00Z", "order_id": "W-1"}  # fmt: skip
    rows = [
        line | {"line": 1, "product_id": "jacket", "category": "JACKETS", "quantity": 1,
                "amount": 120.0, "discount": 30.0},
        line | {"line": 2, "product_id": "scarf", "category": "SCARVES", "quantity": 2,
                "amount": 40.0, "discount": 0.0},
        line | {"type": "return_line", "at": "2017-12-10T08:00:00Z", "line": 2,
                "product_id": "scarf", "category": "SCARVES", "quantity": 2, "amount": 40.0},
    ]  # fmt: skip
    world.jsonl("web_shop/activity-1.jsonl.gz", rows)


def _clicks(world: World) -> None:
    click = CLICK | {"cookie_id": "ck-1", "device_id": "DEV-1", "user_id": "U-1"}
    rows = [
        click | {"event_id": "e1", "event": "page_viewed", "at": "2017-12-03T19:00:00Z", "url": "/"},
        click | {"event_id": "e2", "event": "products_searched", "at": "2017-12-03T19:05:00Z", "query": "warm jacket"},
        click | {"event_id": "e3", "event": "product_viewed", "at": "2017-12-03T19:10:00Z", "product_id": "jacket", "category": "JACKETS"},
        click | {"event_id": "e4", "event": "product_added", "at": "2017-12-03T19:20:00Z", "product_id": "jacket", "category": "JACKETS"},
    ]  # fmt: skip
    world.jsonl("web_clickstream/events-2017-12-03.jsonl.gz", rows)


def _store(world: World) -> None:
    at = {"transaction_timestamp": datetime(2017, 12, 5, 17, 0)}  # noqa: DTZ001 - as the till tells it
    rows = [
        SALE | at | {"household_id": 41, "basket_id": 900, "product_id": 11, "sales_value": 12.5, "retail_disc": 1.5},
        SALE | at | {"household_id": 42, "basket_id": 901, "product_id": 11, "sales_value": 14.0},
    ]  # fmt: skip
    world.parquet("store_sales/transactions-1.parquet", rows)
    product = {
        "product_id": 11,
        "department": "GROCERY",
        "product_category": "TEA",
        "brand": "National",
    }
    world.parquet("store_sales/products.parquet", [product])
    cards = [
        CARD | {"household_id": 41, "loyalty_card": "L 7001", "given_name": "Anne", "family_name": "Berg"},
        CARD | {"household_id": 42, "loyalty_card": "L-7002", "given_name": "Ben", "family_name": "Berg",
                "phone": "217-555-0142"},
    ]  # fmt: skip
    world.parquet("store_sales/identities.parquet", cards)


def _mails(world: World) -> None:
    subscriber = {"subscriber_id": "N-1", "email": "ann.berg@example.com", "first_name": "Ann",
                  "last_name": "Berg", "customer_id": None, "language": "en"}  # fmt: skip
    world.csv("email_campaign/subscribers.csv", [subscriber])
    acts = [("subscribed", "sign-up", "2016-01-05 10:00:00"), ("sent", "winter", "2017-12-01 06:00:00"),
            ("opened", "winter", "2017-12-01 07:10:00"), ("clicked", "winter", "2017-12-01 07:11:00")]  # fmt: skip
    rows = [
        {"subscriber_id": "N-1", "action": act, "campaign": name, "at": at}
        for act, name, at in acts
    ]
    world.csv("email_campaign/engagement-1.csv", rows)


def _social(world: World) -> None:
    account = {"network": "instagram", "handle": "@Ann.Runs", "display_name": "Ann B.",
               "bio": "Runs for the children's hospital", "followers": 310, "location": "Springfield",
               "email": "ann.berg@example.com", "shop_user_id": None}  # fmt: skip
    post = {
        "post_id": "p1",
        "posted_at": "2017-12-06T20:00:00Z",
        "text": "Charity run on Sunday!",
        "likes": 14,
    }
    world.jsonl("social/posts-1.jsonl", [account | post])


def _feelings(world: World) -> None:
    review = {"review_id": "r1", "reviewer_id": "R-1", "reviewer_name": "Ann B.", "given_name": "Ann",
              "email": None, "shop_user_id": "U-1", "product_id": "jacket", "category": "JACKETS",
              "rating": 4, "title": "Warm", "text": "Warm and light", "created_at": "2017-12-20 18:00"}  # fmt: skip
    world.csv("reviews/reviews-1.csv", [review])
    answer = ANSWERS | {"respondent_id": "S-1", "answered_on": "15.12.2017", "given_name": "Ann",
                        "loyalty_card": "L-7001", "age": 33, "weekly_spend": "85,50", "satisfaction": 7,
                        "comment": "Prefer real wool, even at 100 £", "value_sustainability": 5,
                        "value_price": 2}  # fmt: skip
    world.csv("survey/survey-2017.csv", [answer], separator=";", encoding="latin-1")
    message = {"message_id": "m1", "contact_id": "T-1", "customer_id": "C-1", "email": None, "phone": None,
               "given_name": None, "family_name": None, "name": "A. Berg", "via": "chat",
               "category": "returns", "text": "The scarf itches, how do I return it?",
               "at": "2017-12-08T12:00:00+0000"}  # fmt: skip
    world.jsonl("support/messages-1.jsonl", [message])


def _clubs(world: World) -> None:
    member = MEMBER | {"member_no": "M-1", "given_name": "Ann", "family_name": "Berg",
                       "birth_date": "03/09/1984", "email": "a.berg@lumen.example",
                       "organisation": "Springfield Harriers", "kind": "club", "role": "treasurer",
                       "member_since": "05/01/2014"}  # fmt: skip
    world.csv("memberships/members-1.tsv", [member], separator="\t")


def _companies(world: World) -> None:
    company = {"domain": "lumen.example", "name": "Lumen Lamps", "website": "https://lumen.example",
               "sector": "Manufacturing", "employees": 120, "revenue": "30000000", "founded": 1961,
               "street": None, "city": "Springfield", "region": "IL", "postcode": None, "country": "US"}  # fmt: skip
    world.csv("companies/companies-1.csv", [company])
