"""A fashion shop on the last day of January 2018, as its channels tell it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cdp.audiences import Audiences
from cdp.conclude import conclude
from cdp.crossings import Crossings
from cdp.segments import Segments
from tests.scenarios.world import ACCOUNT, ACTIVITY, CARD, CLICK, CRM, SALE, World

NOW = datetime(2018, 1, 31, 12, tzinfo=UTC)
LONG_AGO = 700


class Goods(NamedTuple):
    """A product where it is sold."""

    product: str
    category: str
    department: str


class Shop:
    """What happens in the shop is told, then `open` has the channels deliver it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.customers: list[dict[str, Any]] = []
        self.accounts: list[dict[str, Any]] = []
        self.activity: list[dict[str, Any]] = []
        self.clicks: list[dict[str, Any]] = []
        self.engagement: list[dict[str, Any]] = []
        self.subscribers: list[dict[str, Any]] = []
        self.reviews: list[dict[str, Any]] = []
        self.posts: list[dict[str, Any]] = []
        self.sales: list[dict[str, Any]] = []
        self.cards: list[dict[str, Any]] = []
        self.shelf: list[dict[str, Any]] = []

    def customer(self, key: str, *, consent: str | None = "Y", **said: Any) -> None:
        """Somebody of the CRM who has a web account; `email=None`: nobody knows an address."""
        usual = {"email": f"{key}@example.com", "given_name": key.title(), "gender": "f"}
        told = CRM | usual | said
        told |= {"customer_id": key, "consent_email": consent, "updated_at": "2017-01-01 08:00:00"}
        self.customers.append(told)
        account = {"user_id": key, "customer_id": key, "first_name": told["given_name"]}
        moment = "2015-01-01T08:00:00Z"
        self.accounts.append(ACCOUNT | account | {"created_at": moment, "updated_at": moment})
        self.activity.append(ACTIVITY | {"type": "account_opened", "user_id": key, "at": moment})

    def order(
        self, key: str, days_ago: float, *goods: Goods, paid: float, off: float = 0.0
    ) -> None:
        """An order on the web; `paid` and `off` are the whole order's, shared by its goods alike."""
        at = _ago(days_ago)
        line = ACTIVITY | {
            "type": "order_line",
            "user_id": key,
            "at": at,
            "order_id": f"{key}-{at}",
        }
        self.activity += [
            line
            | {"line": n, "product_id": each.product, "category": each.category,
               "department": each.department, "quantity": 1, "amount": paid / len(goods),
               "discount": off / len(goods)}
            for n, each in enumerate(goods)
        ]  # fmt: skip

    def view(
        self, key: str | None, days_ago: float, *goods: Goods, cookie: str | None = None
    ) -> None:
        """Products looked at on the web, by a user who is logged in or by a cookie."""
        click = CLICK | {"cookie_id": cookie or f"ck-{key}", "user_id": key, "at": _ago(days_ago)}
        self.clicks += [
            click
            | {"event_id": f"c{len(self.clicks) + n}", "event": "product_viewed",
               "product_id": each.product, "category": each.category, "department": each.department}
            for n, each in enumerate(goods)
        ]  # fmt: skip

    def visit(self, key: str, days_ago: float) -> None:
        """The start page was seen."""
        click = {"event_id": f"c{len(self.clicks)}", "event": "page_viewed", "url": "/"}
        click |= {"cookie_id": f"ck-{key}", "user_id": key, "at": _ago(days_ago)}
        self.clicks.append(CLICK | click)

    def mail(self, key: str, days_ago: float, campaign: str, *actions: str) -> None:
        """A campaign's mail and what became of it."""
        if key not in {each["subscriber_id"] for each in self.subscribers}:
            self.subscribers.append(
                {"subscriber_id": key, "email": f"{key}@example.com", "first_name": None,
                 "last_name": None, "customer_id": key, "language": "en"}
            )  # fmt: skip
        at = _ago(days_ago).replace("T", " ").removesuffix("Z")
        self.engagement += [
            {"subscriber_id": key, "action": action, "campaign": campaign, "at": at}
            for action in ("sent", *actions)
        ]

    def review(self, key: str, goods: Goods, rating: int, text: str) -> None:
        """A review with one to five stars."""
        self.reviews.append(
            {"review_id": f"r{len(self.reviews)}", "reviewer_id": f"R-{key}", "reviewer_name": key,
             "given_name": None, "email": f"{key}@example.com", "shop_user_id": None,
             "product_id": goods.product, "category": goods.category, "rating": rating,
             "title": "", "text": text, "created_at": "2018-01-20 18:00"}
        )  # fmt: skip

    def post(self, key: str, text: str) -> None:
        """A post on a social network, by an account that shares the e-mail address."""
        self.posts.append(
            {"network": "instagram", "handle": f"{key}.posts", "display_name": key.title(),
             "bio": None, "followers": 10, "location": None, "email": f"{key}@example.com",
             "shop_user_id": None, "post_id": f"p{len(self.posts)}",
             "posted_at": "2018-01-10T20:00:00Z", "text": text, "likes": 1}
        )  # fmt: skip

    def sale(self, household: int, days_ago: float, *goods: Goods, paid: float = 20.0, **card: Any):
        """A purchase in a store with the household's card."""
        at = (NOW - timedelta(days=days_ago)).replace(tzinfo=None)
        basket = len(self.sales) + 1
        self.sales += [
            SALE | {"household_id": household, "basket_id": basket, "product_id": int(each.product),
                    "sales_value": paid, "transaction_timestamp": at}
            for each in goods
        ]  # fmt: skip
        if household not in {each["household_id"] for each in self.cards}:
            held = {"household_id": household, "loyalty_card": f"L-{household:04}"}
            self.cards.append(CARD | held | card)
        for each in goods:
            shelf = {"product_id": int(each.product), "department": each.department,
                     "product_category": each.category, "brand": "House"}  # fmt: skip
            if shelf not in self.shelf:
                self.shelf.append(shelf)

    def crowd(
        self, count: int, goods: Goods, *, paid: Sequence[float], prefix: str = "crowd"
    ) -> None:
        """Customers of long ago with one order each; what they paid, in turn."""
        for n in range(count):
            key = f"{prefix}{n}"
            self.customer(key, given_name=None, gender=None)
            self.order(key, LONG_AGO, goods, paid=paid[n % len(paid)])

    def deliver_online(self) -> None:
        """Every channel but the store's delivers, and all conclusions are drawn."""
        world = self.world
        told = {
            "crm": lambda: world.csv("crm/customers.csv", self.customers),
            "web_shop": self._web_shop,
            "web_clickstream": lambda: world.jsonl(
                "web_clickstream/events-2018-01-31.jsonl.gz", self.clicks
            ),
            "email_campaign": self._mails,
            "reviews": lambda: world.csv("reviews/reviews-1.csv", self.reviews),
            "social": lambda: world.jsonl("social/posts-1.jsonl", self.posts),
        }
        said = {
            "crm": self.customers,
            "web_shop": self.activity,
            "web_clickstream": self.clicks,
            "email_campaign": self.engagement,
            "reviews": self.reviews,
            "social": self.posts,
        }
        channels = [channel for channel, rows in said.items() if rows]
        for channel in channels:
            told[channel]()
        world.ingest(*channels)
        conclude(world.database, now=NOW)

    def deliver_store(self) -> None:
        """The store's sales of the day arrive, and all conclusions are drawn."""
        self.world.parquet("store_sales/products.parquet", self.shelf)
        self.world.parquet("store_sales/identities.parquet", self.cards)
        self.world.parquet("store_sales/transactions-1.parquet", self.sales)
        self.world.ingest("store_sales")
        conclude(self.world.database, now=NOW)

    def _web_shop(self) -> None:
        self.world.jsonl("web_shop/accounts.jsonl.gz", self.accounts)
        self.world.jsonl("web_shop/activity-1.jsonl.gz", self.activity)

    def _mails(self) -> None:
        self.world.csv("email_campaign/subscribers.csv", self.subscribers)
        self.world.csv("email_campaign/engagement-1.csv", self.engagement)

    @property
    def segments(self) -> Segments:
        """The segments of the shop."""
        return Segments(database=self.world.database)

    @property
    def crossings(self) -> Crossings:
        """Where they cross."""
        return Crossings(database=self.world.database)

    @property
    def audiences(self) -> Audiences:
        """Whom they let one write to."""
        return Audiences(database=self.world.database)

    def members(self, segment: str) -> set[str]:
        """The CRM's numbers of those in a segment."""
        page = self.crossings.people(f'segment="{segment}"', limit=1_000)
        ids = {each.profile_id for each in page.data}
        return {
            number
            for profile in self.world.profiles.scan("person")
            if profile.profile_id in ids
            for number in profile.identifiers.get("customer_id", ())
        }


def _ago(days: float) -> str:
    return (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
