"""What the `context` of a message tells: identifiers, consents, and where and with what it happened."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from cdp.channel.push.values import LONGEST_KEY, REMEMBERED, Fault, an_object, identifier, snake

# What becomes records and consents of its own is not repeated with each event.
TOLD_ELSEWHERE = frozenset({"consent", "externalIds", "library"})
CONSENT_MEDIUM = "web"
# A refusal that is written as text or number is one.
CHOICES = {"true": "granted", "1": "granted", "false": "denied", "0": "denied"}
TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook|android(?!.*mobile)", re.IGNORECASE)
PHONE = re.compile(r"mobi|iphone|ipod|android|windows phone", re.IGNORECASE)


def identifiers(context: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Namespace and value of the further ids: external ids, the device's, contact points."""
    external = context.get("externalIds")
    for said in external if isinstance(external, list) else ():
        if isinstance(said, dict) and said.get("collection", "users") == "users":
            namespace = snake(str(said.get("type") or ""))
            value = identifier("context.externalIds", said.get("id"))
            if namespace and value:
                yield namespace[:64], value
    device = context.get("device")
    if isinstance(device, dict):
        for key, namespace in (("id", "device_id"), ("advertisingId", "advertising_id")):
            if value := identifier(f"context.device.{key}", device.get(key)):
                yield namespace, value
    traits = context.get("traits")
    if isinstance(traits, dict):
        for namespace in ("email", "phone"):
            value = traits.get(namespace)
            if isinstance(value, str) and 0 < len(value.encode()) <= LONGEST_KEY:
                yield namespace, value


def consents(context: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Purpose, medium and state of each consent category the visitor chose."""
    consent = an_object("context.consent", context.get("consent"))
    chosen = an_object("context.consent.categoryPreferences", consent.get("categoryPreferences"))
    for category, granted in chosen.items():
        purpose = snake(category)[:64]
        state = CHOICES.get(str(granted).lower())
        if granted is not None and state is None:
            place = f"context.consent.categoryPreferences.{category}"
            raise Fault(place, "type", "is neither true nor false", granted)
        if purpose and state:
            yield purpose, CONSENT_MEDIUM, state


def circumstances(context: Mapping[str, Any]) -> dict[str, Any]:
    """The circumstances under the names that file channels give them: url, device, campaign, session."""
    found: dict[str, Any] = {}
    page, campaign = context.get("page"), context.get("campaign")
    if isinstance(page, dict) and isinstance(page.get("url"), str):
        found["url"] = page["url"]
    if isinstance(campaign, dict) and isinstance(campaign.get("name"), str):
        found["campaign"] = campaign["name"]
    if device := _device(context):
        found["device"] = device
    if session := context.get("sessionId"):
        found["session"] = str(session)
    return found


def kept(context: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the context that stays with the event."""
    return {key: value for key, value in context.items() if key not in TOLD_ELSEWHERE}


def _device(context: Mapping[str, Any]) -> str | None:
    """phone, tablet or desktop, as far as the context tells."""
    agent = context.get("userAgent")
    if isinstance(agent, str) and agent:
        return _device_of_agent(agent[:LONGEST_KEY])
    device = context.get("device")
    if isinstance(device, dict):
        model = f"{device.get('model')} {device.get('type')}".lower()
        if TABLET.search(model) and "android" not in model:
            return "tablet"
        if device.get("type"):
            return "phone"
    return None


@lru_cache(REMEMBERED)
def _device_of_agent(agent: str) -> str:
    if TABLET.search(agent):
        return "tablet"
    return "phone" if PHONE.search(agent) else "desktop"
