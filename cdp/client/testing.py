"""A profile store for the tests of those who use the client: in memory, without a service."""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4

import httpx

from cdp.errors import AmbiguousIdentifier, CdpError, InvalidRequest, KeyRefused, ProfileNotFound
from cdp.model.profile import Profile

STATUS: Mapping[type[CdpError], int] = {
    KeyRefused: 401,
    ProfileNotFound: 404,
    AmbiguousIdentifier: 409,
    InvalidRequest: 400,
}
MOST_LOOKUPS = 500
ROUTES: Sequence[tuple[str, str, str]] = (
    ("POST", r"/v1/batch", "_batch"),
    ("POST", r"/v1/profiles/find", "_find"),
    ("POST", r"/v1/profiles/lookup", "_lookup"),
    ("GET", r"/v1/profiles/([^/]+)/timeline", "_timeline"),
    ("GET", r"/v1/profiles/([^/]+)", "_profile"),
    ("GET", r"/v1/changes", "_changes"),
)


class FakeStore(httpx.MockTransport):
    """Answers the client as a service would that holds the given profiles.

        store = FakeStore([a_profile(email="ann@example.com", traits={"name": {"given": "Ann"}})])
        with Client("http://store", "any key", transport=store) as client:
            client.get("email:ann@example.com")

    Identifiers are compared as they are written, profiles come whole: `fields` and `as_of` are not
    looked at. `messages` holds the events that were pushed;
    `fail_next(error)` has the next request answered with an error. Verbs that it does not know are
    answered with 501. It serves `Client` and `AsyncClient` alike.
    """

    def __init__(self, profiles: Sequence[Profile] = (), *, key: str | None = None) -> None:
        super().__init__(self._answer)
        self.profiles = list(profiles)
        self.messages: list[dict[str, Any]] = []
        self._key = key
        self._failures: list[tuple[int, str, dict[str, str]]] = []

    def fail_next(self, status: int, code: str = "store_unavailable", **headers: str) -> None:
        """Have the next request that is not yet spoken for answered with an error."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._failures.append((status, code, named))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self._failures:
            status, code, headers = self._failures.pop(0)
            return _failure(status, code, "as the test wants it", headers)
        path = request.url.raw_path.decode().partition("?")[0]
        try:
            self._admit(request)
            for method, pattern, name in ROUTES:
                found = re.fullmatch(pattern, path)
                if found and method == request.method:
                    answer: Callable[..., Any] = getattr(self, name)
                    said = answer(request, *map(unquote, found.groups()))
                    return httpx.Response(200, json=said, headers={"Request-Id": str(uuid4())})
        except CdpError as error:
            return _failure(STATUS.get(type(error), 400), error.code, str(error), {})
        return _failure(501, "not_implemented", "the fake store does not know this verb", {})

    def _admit(self, request: httpx.Request) -> None:
        coded = request.headers.get("authorization", "").partition(" ")[2]
        if self._key is not None and base64.b64decode(coded).decode() != f"{self._key}:":
            raise KeyRefused

    def _carriers(self, ref: str) -> list[Profile]:
        namespace, _, value = ref.partition(":")
        if namespace and value:
            return [p for p in self.profiles if value in p.identifiers.get(namespace, ())]
        try:
            return [p for p in self.profiles if p.profile_id == UUID(ref)]
        except ValueError:
            raise InvalidRequest("a profile is named by its id or by namespace:value") from None

    def _one(self, ref: str) -> Profile:
        found = self._carriers(ref)
        if not found:
            raise ProfileNotFound
        if len(found) > 1:
            raise AmbiguousIdentifier
        return found[0]

    def _profile(self, _request: httpx.Request, ref: str) -> Any:
        return self._one(ref).model_dump(mode="json", exclude_unset=True)

    def _timeline(self, _request: httpx.Request, ref: str) -> Any:
        self._one(ref)
        return {"data": [], "next": None}

    def _find(self, request: httpx.Request) -> Any:
        wanted = json.loads(request.content)["identifiers"].items()
        if not wanted:
            raise InvalidRequest("at least one identifier is needed")
        found = [
            each
            for each in self.profiles
            if all(value in each.identifiers.get(name, ()) for name, value in wanted)
        ]
        return {"data": [each.model_dump(mode="json", exclude_unset=True) for each in found]}

    def _lookup(self, request: httpx.Request) -> Any:
        refs = json.loads(request.content)["refs"]
        if len(refs) > MOST_LOOKUPS:
            raise InvalidRequest(f"at most {MOST_LOOKUPS} are looked up at once")
        return {"data": [self._found(ref) for ref in refs]}

    def _found(self, ref: str) -> Any:
        try:
            found = [
                each.model_dump(mode="json", exclude_unset=True) for each in self._carriers(ref)
            ]
        except InvalidRequest as error:
            return {"ref": ref, "profiles": [], "error": error.code}
        return {"ref": ref, "profiles": found, "error": None}

    def _changes(self, request: httpx.Request) -> Any:
        since = request.url.params.get("since", "0")
        if not since.isdecimal():
            raise InvalidRequest("the cursor is none of ours; begin without one")
        data = [
            {
                "kind": "changed",
                "profile_id": str(each.profile_id),
                "changed_at": each.created_at.isoformat(),
            }
            for each in self.profiles[int(since) :]
        ]
        return {"data": data, "next": str(len(self.profiles)), "has_more": False}

    def _batch(self, request: httpx.Request) -> Any:
        self.messages += json.loads(request.content)["batch"]
        return {"success": True}


def a_profile(**said: Any) -> Profile:
    """A profile for a test: field names as they are, other names are identifiers.

    `a_profile(email="ann@example.com", traits={"gender": "f"})`
    """
    fields = {name: value for name, value in said.items() if name in Profile.model_fields}
    named = {name: [value] for name, value in said.items() if name not in fields}
    made = {
        "profile_id": uuid4(),
        "created_at": "2024-01-01T00:00:00Z",
        "records": 1,
        "channels": ["test"],
        "identifiers": named,
    }
    return Profile.model_validate(made | fields)


def _failure(status: int, code: str, message: str, headers: Mapping[str, str]) -> httpx.Response:
    said = {"status": status, "code": code, "message": message}
    return httpx.Response(status, json=said, headers=dict(headers))
