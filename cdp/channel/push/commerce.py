"""Events as the Segment spec names them, in the kinds and columns that file channels use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cdp.channel.push.values import Fault, currency, decimal, first, number, snake

DEFAULT_CURRENCY = "USD"  # as the Segment spec has it
# Names whose kind is another word than their own in snake_case; the second part are the names
# of the spec's first version, and the American spelling.
KINDS: Mapping[str, str] = {
    "order_completed": "order",
    "product_reviewed": "review",
    "email_link_clicked": "email_clicked",
    "completed_order": "order",
    "viewed_product": "product_viewed",
    "added_product": "product_added",
    "removed_product": "product_removed",
    "viewed_product_category": "product_list_viewed",
    "viewed_checkout_step": "checkout_step_viewed",
    "completed_checkout_step": "checkout_step_completed",
    "viewed_promotion": "promotion_viewed",
    "clicked_promotion": "promotion_clicked",
    "order_canceled": "order_cancelled",
}
OF_A_PRODUCT = frozenset({"product_viewed", "product_clicked", "product_added", "product_removed"})
MOST_OF_A_KIND = 100  # characters
# Their money is not paid (yet): what was said stays in the properties.
UNPAID = (
    "product_", "products_", "cart_", "checkout_", "payment_", "order_", "coupon_", "promotion_",
    "wishlist_",
)  # fmt: skip


@dataclass(frozen=True)
class Happening:
    """One event: its kind, what makes it unique beyond its message, and the columns it fills."""

    kind: str
    key: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)


def kind_of(name: str) -> str:
    """The kind of the event called `name`."""
    plain = snake(name)[:MOST_OF_A_KIND]
    return KINDS.get(plain, plain) or "tracked"


def happenings(name: str, said: Mapping[str, Any]) -> Iterator[Happening]:
    """The event called `name` with the properties `said`; an order comes with its lines."""
    kind = kind_of(name)
    if kind == "order":
        yield from _order(said)
    elif kind == "order_refunded":
        yield from _refund(said)
    elif kind == "review":
        yield _review(said)
    else:
        facts = _facts(said, is_product=kind in OF_A_PRODUCT) | _revenue(kind, said)
        yield Happening(kind, facts=facts, properties=said)


def _facts(said: Mapping[str, Any], *, is_product: bool = False) -> dict[str, Any]:
    """Order, product, category and quantity, where an event of any name has them.

    What is said of a product and nothing else may call its id `id`, as the first version did.
    """
    facts: dict[str, Any] = {}
    if (order_id := _id(said, "order_id", "orderId")) is not None:
        facts["order_id"] = order_id
    names = ("product_id", "productId", "sku", *(("id",) if is_product else ()))
    if (product := _id(said, *names)) is not None:
        facts["product"] = product
        if (quantity := decimal(said.get("quantity"))) is not None:
            facts["quantity"] = quantity
    if isinstance(category := first(said, "category"), str):
        facts["category"] = category
    return facts


def _revenue(kind: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """`revenue` of an event that shops name themselves."""
    amount = None if kind.startswith(UNPAID) else decimal(said.get("revenue"))
    if amount is None:
        return {}
    try:
        code = currency("properties.currency", said.get("currency"))
    except Fault:
        return {}
    return {"amount": amount, "currency": code or DEFAULT_CURRENCY}


def _order(said: Mapping[str, Any]) -> Iterator[Happening]:
    order_id = _id(said, "order_id", "orderId")
    code = currency("properties.currency", said.get("currency")) or DEFAULT_CURRENCY
    lines = list(_lines(said, "order_line", order_id, code))
    amount = _amount(said, ("revenue", "total", "value"), lines)
    facts = {
        "order_id": order_id,
        "quantity": _sum(lines, "quantity"),
        "amount": amount,
        "discount": number("properties.discount", said.get("discount")),
        "currency": code,
    }
    yield Happening("order", order_id, facts, said)
    yield from lines


def _refund(said: Mapping[str, Any]) -> Iterator[Happening]:
    """What it leaves out, amount and currency, is the order's, as far as that is known."""
    order_id = _id(said, "order_id", "orderId")
    code = currency("properties.currency", said.get("currency"))
    lines = list(_lines(said, "return_line", None, code))
    amount = _amount(said, ("revenue", "total", "value"), lines)
    facts = {"order_id": order_id, "amount": amount, "currency": code}
    yield Happening("order_refunded", None, facts, said)
    for line in lines:
        yield Happening(line.kind, None, {**line.facts, "order_id": order_id}, line.properties)


def _lines(
    said: Mapping[str, Any], kind: str, order_id: str | None, code: str | None
) -> Iterator[Happening]:
    products = said.get("products")
    if products is None:
        return
    if not isinstance(products, list):
        raise Fault("properties.products", "type", "is no list", products)
    for n, product in enumerate(products, 1):
        place = f"properties.products.{n}"
        if not isinstance(product, dict):
            raise Fault(place, "type", "is no object", product)
        quantity = number(f"{place}.quantity", product.get("quantity"))
        price = number(f"{place}.price", product.get("price"))
        pieces = Decimal(1) if quantity is None else quantity
        amount = None if price is None else number(f"{place}.price", str(price * pieces))
        facts = _facts(product, is_product=True) | {
            "order_id": order_id,
            "quantity": pieces,
            "amount": amount,
            "discount": number(f"{place}.discount", product.get("discount")),
            "currency": code,
        }
        yield Happening(kind, f"{order_id}-{n}" if order_id else None, facts, product)


def _review(said: Mapping[str, Any]) -> Happening:
    rating = number("properties.rating", said.get("rating"))
    facts = _facts(said)
    if rating is not None and 1 <= rating <= 5:
        facts["score"] = float(rating - 3) / 2
    text = first(said, "review_body", "reviewBody", "review")
    properties = dict(said) | ({"text": text} if isinstance(text, str) else {})
    return Happening("review", _id(said, "review_id", "reviewId"), facts, properties)


def _amount(
    said: Mapping[str, Any], names: tuple[str, ...], lines: list[Happening]
) -> Decimal | None:
    """What the goods cost in all: as said, else the sum of the lines."""
    for name in names:
        found = number(f"properties.{name}", said.get(name))
        if found is not None:
            return found
    return _sum(lines, "amount")


def _sum(lines: list[Happening], name: str) -> Decimal | None:
    values = [value for line in lines if (value := line.facts.get(name)) is not None]
    return sum(values, Decimal(0)) if values else None


def _id(said: Mapping[str, Any], *names: str) -> str | None:
    value = first(said, *names)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as `identifier` has it
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None
