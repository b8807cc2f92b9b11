"""What the ingest endpoints say of themselves: OpenAPI with examples, and the browser's settings."""

import json
from typing import Any

FAILURE = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The messages are stored; those that could not be taken are in quarantine.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["success"],
                    "properties": {"success": {"const": True}},
                }
            }
        },
    },
    **{
        status: {
            "description": meaning,
            "content": {"application/problem+json": {"schema": FAILURE}},
        }
        for status, meaning in {
            400: "The body is malformed or too large.",
            401: "The write key is missing, unknown, expired or revoked.",
            403: "The key has not the scope `ingest`.",
            429: "Too fast; wait `Retry-After` seconds.",
            503: "Not ready, or too much waits; wait `Retry-After` seconds.",
        }.items()
    },
}
MESSAGE = {"type": "object", "additionalProperties": True}
EXAMPLES: dict[str, dict[str, Any]] = {
    "identify": {
        "userId": "u-17",
        "traits": {"email": "ann@example.com", "firstName": "Ann", "plan": "pro"},
    },
    "track": {
        "userId": "u-17",
        "event": "Order Completed",
        "properties": {
            "order_id": "o-1",
            "revenue": 25.0,
            "currency": "EUR",
            "products": [{"product_id": "p-7", "price": 12.5, "quantity": 2}],
        },
    },
    "page": {"anonymousId": "a-1", "name": "Home", "properties": {"url": "https://shop.example/"}},
    "screen": {"anonymousId": "a-1", "name": "Start"},
    "group": {"userId": "u-17", "groupId": "acme", "traits": {"name": "Acme", "employees": 12}},
    "alias": {"previousId": "a-1", "userId": "u-17"},
}


def _document(summary: str, schema: dict[str, Any], example: Any) -> dict[str, Any]:
    body = {"application/json": {"schema": schema, "example": example}}
    return {
        "summary": summary,
        "responses": RESPONSES,
        "openapi_extra": {
            "requestBody": {"required": True, "content": body},
            "security": [{"writeKey": []}],
        },
    }


def call(name: str) -> dict[str, Any]:
    """How the endpoint of a single call is documented."""
    return _document(f"Push one {name} call", MESSAGE, EXAMPLES[name])


BATCH = _document(
    "Push a batch of calls",
    {
        "type": "object",
        "required": ["batch"],
        "properties": {"batch": {"type": "array", "items": MESSAGE}, "sentAt": {"type": "string"}},
        "additionalProperties": True,
    },
    {"batch": [{"type": name} | said for name, said in EXAMPLES.items()]},
)


def settings(write_key: str) -> bytes:
    """The settings with which analytics-next loads, and sends to the host that it loads from."""
    integration = {
        "apiKey": write_key,
        "unbundledIntegrations": [],
        "addBundledMetadata": True,
    }
    everything = {"__default": {"enabled": True}}
    plan = {
        "track": {"__default": {"enabled": True, "integrations": {}}},
        "identify": everything,
        "group": everything,
    }
    document = {
        "integrations": {"Segment.io": integration},
        "plan": plan,
        "metrics": {"sampleRate": 0},
    }
    return json.dumps(document).encode()
