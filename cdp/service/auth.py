"""Who asks: the key of a request, its limit, the purpose it names and what it may see."""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from cdp.errors import InvalidRequest, KeyRefused, ScopeMissing
from cdp.model.profile import Profile
from cdp.profile import selection
from cdp.service.frame import header
from cdp.service.serving import Serving, entry
from cdp.store.keys import Key, Scope

PURPOSE = re.compile(r"[a-z0-9_.\-]{1,64}", re.ASCII)
bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="cdp_<id>_<secret>",
    description="a key made by `cdp key create`; Basic with the key as user name does as well",
)


@dataclass(frozen=True)
class Caller:
    """A request's key and purpose, admitted."""

    serving: Serving
    key: Key
    purpose: str | None
    request_id: UUID

    def looked(self, action: str, profile_ids: Iterable[UUID]) -> None:
        """Enter into the audit log whom the caller was shown."""
        self.serving.audit.looked(
            [
                entry(self.key.key_id, self.purpose, action, profile_id, self.request_id)
                for profile_id in profile_ids
            ]
        )

    def changing(self, action: str, profile_id: UUID | None) -> None:
        """Enter into the audit log, durably, what the caller is about to change."""
        self.serving.audit.changing(
            entry(self.key.key_id, self.purpose, action, profile_id, self.request_id)
        )

    def sees(self, field: str) -> bool:
        """Whether the key may see `field`."""
        return self.key.fields is None or field in self.key.fields

    def may_see(self, field: str) -> None:
        """Raise ScopeMissing unless the key may see `field`."""
        if not self.sees(field):
            raise ScopeMissing(f"the key {self.key.key_id} may not see {field!r}")

    def visible(
        self, body: Mapping[str, Any], fields: Collection[str] | None = None
    ) -> Mapping[str, Any]:
        """Of a profile's JSON what was asked for and what the key may see."""
        for allowed in (fields, self.key.fields):
            if allowed is not None:
                body = selection.select(body, allowed)
        return body

    def shown(self, profile: Profile) -> Profile:
        """Of a profile what the key may see."""
        if self.key.fields is None:
            return profile
        return Profile.model_validate(
            self.visible(profile.model_dump(mode="json", exclude_unset=True))
        )

    @property
    def name(self) -> str:
        """Who is named as the author of a change."""
        return f"key {self.key.key_id}"


def secret_of(request: Request) -> str:
    """The key of the Authorization header: Bearer, or the user name of Basic. Raises KeyRefused."""
    scheme, _, said = (header(request, b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        return said.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(said.strip()).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            raise KeyRefused("the Authorization header is no Basic authentication") from None
    raise KeyRefused("no key was sent; send it as Authorization: Bearer, or as Basic's user name")


async def admit(request: Request, scope: Scope) -> Caller:
    """The caller, if its key opens `scope`; what is left of its limit goes into the headers.

    Raises KeyRefused, ScopeMissing, RateLimitExceeded, InvalidRequest.
    """
    serving: Serving = request.app.state.serving
    secret = secret_of(request)
    key = serving.keyring.at_hand(secret, scope)
    if key is None:
        key = await asyncio.to_thread(serving.keyring.authenticate, secret, scope)
    state = request.scope["state"]
    state.setdefault("headers", {}).update(serving.limiter.take(key))
    return Caller(serving, key, _purpose(request, key), state["request_id"])


def admitting(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """`admit` as a dependency."""

    async def admitted(request: Request, _documented: Annotated[Any, Security(bearer)]) -> Caller:
        return await admit(request, scope)

    return admitted


def _purpose(request: Request, key: Key) -> str | None:
    """What the caller reads for: as it says, or the only purpose that its key has."""
    said = header(request, b"x-purpose")
    if said is None and key.purposes is not None and len(key.purposes) == 1:
        return key.purposes[0]
    if said is not None and not PURPOSE.fullmatch(said):
        raise InvalidRequest("X-Purpose is a word of small letters and digits, e.g. support")
    if key.purposes is not None and said not in key.purposes:
        allowed = ", ".join(key.purposes)
        raise ScopeMissing(f"the key {key.key_id} is for {allowed}; name one of them in X-Purpose")
    return said


Reader = Annotated[Caller, Depends(admitting("read"))]
Steward = Annotated[Caller, Depends(admitting("steward"))]
Admin = Annotated[Caller, Depends(admitting("admin"))]
