"""One pushed message, understood: of which record it speaks and what it says of it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from cdp.channel.push import commerce, context, traits
from cdp.channel.push.commerce import Happening
from cdp.channel.push.said import Company, Envelope, Said, check_texts, refused, uid
from cdp.channel.push.values import Fault, an_object, happened_at, identifier, json_text

CALLS = ("identify", "track", "page", "screen", "group", "alias")
VIEWS: Mapping[str, str] = {"page": "page_viewed", "screen": "screen_viewed"}
GROUP_ID = "group_id"
ABOUT = "$message"  # where an event's properties keep what its message was


def understand(
    message: Any,
    envelope: Envelope,
    ordinal: int = 0,
    names_nobody: Callable[[str, str], bool] = lambda _namespace, _value: False,
) -> Said:
    """What `message` says; where it cannot be taken, its `fault` says why.

    `ordinal` tells identical messages of one request apart that have no id of their own.
    `names_nobody`: whether an id is one that many people give, such as undefined; it is as absent.
    """
    if not isinstance(message, dict):
        return refused(message, envelope, Fault("", "type", "is no JSON object", message), ordinal)
    try:
        if envelope.doubtful:
            check_texts(message)
        return _Reader(message, envelope, ordinal, names_nobody).read()
    except Fault as fault:
        return refused(message, envelope, fault, ordinal)


class _Reader:
    """Reads one message, field by field."""

    def __init__(
        self,
        message: dict[str, Any],
        envelope: Envelope,
        ordinal: int,
        names_nobody: Callable[[str, str], bool],
    ) -> None:
        self.message, self.envelope, self._names_nobody = message, envelope, names_nobody
        self.call = self._call()
        self.user = self._named("userId", "user_id")
        anonymous = self._named("anonymousId", "anonymous_id")
        if self.user is None and anonymous is None:
            reason = (
                "names nobody, and neither does anonymousId; send the user's own id in one of them"
            )
            raise Fault("userId", "required", reason, message.get("userId"))
        self.context = an_object("context", message.get("context"))
        timestamp = message.get("timestamp") or message.get("originalTimestamp")
        sent_at = envelope.sent_at or message.get("sentAt")
        message_id = identifier("messageId", message.get("messageId"))
        message_id = message_id or self._own_id(timestamp, ordinal)
        self.said = Said(message, envelope, uid("taken", message_id), message_id)
        self.said.at = happened_at(timestamp, sent_at, envelope.received_at)
        self.said.record_key = f"user:{self.user}" if self.user else f"anon:{anonymous}"
        self._identify("user_id", self.user)
        self._identify("anonymous_id", anonymous)

    def _call(self) -> str:
        said = self.message.get("type") or self.envelope.call
        if said is None:
            raise Fault("type", "required", f"is empty; send one of {', '.join(CALLS)}")
        call = said.strip().lower() if isinstance(said, str) else said
        if call not in CALLS:
            raise Fault("type", "enum", f"is none of {', '.join(CALLS)}", said)
        return call

    def _named(self, field: str, namespace: str) -> str | None:
        """The id, unless many people would share the record that it names."""
        value = identifier(field, self.message.get(field))
        return None if value is None or self._names_nobody(namespace, value) else value

    def _own_id(self, timestamp: Any, ordinal: int) -> str:
        """An id made of the content; without a time of its own the message is as new as its call."""
        content = {key: value for key, value in self.message.items() if key != "sentAt"}
        moment = "" if timestamp else self.envelope.received_at.isoformat()
        parts = (self.call, json.dumps(content, sort_keys=True), moment, str(ordinal))
        return hashlib.md5("\x1f".join(parts).encode()).hexdigest()  # noqa: S324  an id

    def read(self) -> Said:
        """What the message says."""
        for namespace, value in context.identifiers(self.context):
            self._identify(namespace, value)
        self.said.consents = list(context.consents(self.context))
        match self.call:
            case "identify":
                self._read_identify()
            case "track":
                self._read_track()
            case "page" | "screen":
                self._read_view()
            case "group":
                self._read_group()
            case _:
                self._read_alias()
        return self.said

    def _identify(self, namespace: str, value: str | None) -> None:
        if value:
            self.said.identifiers.add((self.said.record_key, namespace, value))

    def _traits(self) -> dict[str, Any]:
        said = an_object("traits", self.message.get("traits"))
        return said or an_object("context.traits", self.context.get("traits"))

    def _properties(self) -> dict[str, Any]:
        return an_object("properties", self.message.get("properties"))

    def _read_identify(self) -> None:
        stated = traits.person(self._traits())
        for namespace, value in stated.identifiers.items():
            self._identify(namespace, value)
        if stated.company_id and stated.company:
            group = identifier("traits.company.id", stated.company_id)
            self._belongs_to(group or "", stated.company, stated.traits.get("job_title"))
        if stated.traits or stated.identifiers:
            self.said.content = _content(stated.traits, stated.identifiers)

    def _read_track(self) -> None:
        name = self.message.get("event")
        if not isinstance(name, str) or not name.strip():
            rule = "type" if name else "required"
            raise Fault("event", rule, "has to be the name of what happened", name)
        for happening in commerce.happenings(name, self._properties()):
            self._happened(happening, name)
        if commerce.kind_of(name) == "unsubscribed":
            self.said.consents.append(("marketing", "email", "withdrawn"))

    def _read_view(self) -> None:
        named = {key: self.message.get(key) for key in ("name", "category")}
        told = {key: value for key, value in named.items() if value is not None}
        happening = Happening(VIEWS[self.call], properties=told | self._properties())
        self._happened(happening, named["name"])

    def _read_group(self) -> None:
        group = self._named("groupId", GROUP_ID)
        if group is None:
            reason = "names no company; send its own id"
            raise Fault("groupId", "required", reason, self.message.get("groupId"))
        self._belongs_to(group, traits.company(self._traits()))

    def _belongs_to(self, group: str, stated: traits.Stated, role: str | None = None) -> None:
        self.said.accounts.append((group, role))
        ids = {GROUP_ID: group, **stated.identifiers}
        content = _content(stated.traits, ids)
        self.said.companies.append(Company(f"group:{group}", content, ids))

    def _read_alias(self) -> None:
        previous = self._named("previousId", "anonymous_id")
        if previous is None:
            raise Fault("previousId", "required", "is empty; send the id that was used before")
        if self.user is None:
            raise Fault("userId", "required", "is empty; send the id that is used from now on")
        if previous != self.user:
            self._identify("anonymous_id", previous)
            # Where that was a user, too, the guards refuse to join the two, and stewards see it.
            self.said.identifiers.add((f"user:{previous}", "anonymous_id", previous))

    def _happened(self, happening: Happening, name: Any) -> None:
        before, facts = len(self.said.events), happening.facts
        own = f"{self.said.message_id}-{before}" if before else self.said.message_id
        key = f"{happening.kind}:{happening.key}" if happening.key else own
        properties = context.circumstances(self.context) | dict(happening.properties)
        if not before:
            properties[ABOUT] = self._about(name)
        money = facts.get("amount") is not None or facts.get("discount") is not None
        self.said.events.append(
            (
                self.said.record_key,
                key,
                happening.kind,
                self.said.at,
                *(facts.get(name) for name in ("order_id", "product", "category")),
                *(facts.get(name) for name in ("quantity", "amount", "discount")),
                facts.get("currency") if money else None,
                facts.get("score"),
                json_text("properties", properties),
            )
        )

    def _about(self, name: Any) -> dict[str, Any]:
        kept = context.kept(self.context)
        about = {"type": self.call, "id": self.said.message_id, "context": kept}
        return about | ({"event": name} if isinstance(name, str) else {})


def _content(said: dict[str, Any], identifiers: Mapping[str, str]) -> str:
    return json_text("traits", {"identifiers": dict(identifiers), "traits": said})
