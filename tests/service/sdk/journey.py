"""A shopper's journey, as a script that uses one of the Python SDKs sends it."""

import sys
from collections.abc import Callable
from typing import Any


def shop(connect: Callable[..., Any], **options: Any) -> None:
    """Send the journey by the client that `connect` makes; url, write key and name are arguments.

    Ends the script, with what was not sent where there is any.
    """
    url, write_key, who = sys.argv[1:]
    failures: list[Exception] = []

    def failed(error: Exception, _items: object) -> None:
        failures.append(error)

    client = connect(write_key, host=url, on_error=failed, **options)
    anonymous, user = f"anon-{who}", f"user-{who}"
    client.page(anonymous_id=anonymous, name="Home", properties={"url": "https://shop.example/"})
    product = {"product_id": "p-1", "category": "Shoes", "price": 25}
    client.track(anonymous_id=anonymous, event="Product Viewed", properties=product)
    traits = {"email": f"{who}@example.com", "firstName": "Ann", "last_name": "Lee", "plan": "pro"}
    client.identify(user, traits, anonymous_id=anonymous)
    client.track(user, "Product Added", product)
    order = {
        "order_id": f"o-{who}",
        "revenue": 50,
        "currency": "EUR",
        "products": [product | {"quantity": 2}],
    }
    client.track(user, "Order Completed", order)
    client.group(user, f"acme-{who}", {"name": "Acme", "employees": 12})
    client.alias(f"old-{who}", user)
    client.flush()
    client.shutdown()
    sys.exit(f"not sent: {failures}" if failures else 0)
