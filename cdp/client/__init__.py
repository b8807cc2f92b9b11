"""The profile store from far away: `Client`, and `AsyncClient` with the same verbs.

    from cdp.client import Client

    with Client("https://profiles.example.com", key="cdp_...") as store:
        ann = store.get("email:ann@example.com")

Loads pydantic and httpx and nothing else of the store.
"""

from cdp.client.asynchronous import AsyncClient
from cdp.client.refusals import Patience, ServiceError
from cdp.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "Patience", "ServiceError"]
