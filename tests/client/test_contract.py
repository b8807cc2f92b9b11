"""One contract for the library in the process and for both clients over a socket."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest

from cdp import errors
from cdp.client import AsyncClient, Client

SURFACES = ("library", "sync", "async")


class Blocking:
    """An AsyncClient whose verbs are awaited for the caller, in a loop of its own."""

    def __init__(self, url: str, key: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        self._client = self._run(self._made(url, key))

    async def _made(self, url: str, key: str) -> AsyncClient:
        return AsyncClient(url, key)

    def _run(self, awaitable: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result()

    def __getattr__(self, name: str) -> Any:
        def verb(*args: Any, **kwargs: Any) -> Any:
            answer = getattr(self._client, name)(*args, **kwargs)
            return self._run(_listed(answer) if inspect.isasyncgen(answer) else answer)

        return verb

    def close(self) -> None:
        self._run(self._client.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _listed(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


@pytest.fixture(scope="module", params=SURFACES)
def store(request, shop) -> Iterator[Any]:
    if request.param == "library":
        yield shop.profiles
        return
    key = shop.key("read", "steward")
    client = Client(shop.url, key) if request.param == "sync" else Blocking(shop.url, key)
    yield client
    client.close()


@pytest.fixture
def ann(shop):
    return shop.profiles.find(email="ann@example.com")[0]


def test_a_profile_is_got_by_identifier_and_id(store, ann):
    assert store.get("email:Ann@Example.com") == ann
    assert store.get(ann.profile_id) == ann
    assert store.get(str(ann.profile_id), fields=["traits.name"]).traits == {
        "name": {"given": "Ann"}
    }
    assert store.get(ann.profile_id, as_of=datetime.now(UTC)) == ann


def test_profiles_are_found_looked_up_and_searched(store, ann):
    assert store.find(email="ann@example.com") == [ann]
    assert store.find(email="ann@example.com", phone="+12125550142") == []
    assert [len(each.profiles) for each in store.lookup(["email:ann@example.com", "x"])] == [1, 0]
    assert ann in store.search("ann rome")


def test_the_timeline_is_a_list_pages_and_an_iterator(store, ann):
    events = store.timeline(ann.profile_id)
    assert [event.order_id or event.kind for event in events] == ["order", "order", "order"]
    first = store.timeline_page(ann.profile_id, limit=2)
    rest = store.timeline_page(ann.profile_id, limit=2, cursor=first.next)
    assert [*first.data, *rest.data] == events == list(store.events(ann.profile_id))
    assert store.timeline(ann.profile_id, kinds=["return"]) == []
    oldest = store.timeline_page(ann.profile_id, oldest_first=True).data
    assert list(oldest) == events[::-1]


def test_identifiers_records_and_reasons_are_told(shop, store, ann):
    library = shop.profiles
    assert store.identifiers(ann.profile_id) == library.identifiers(ann.profile_id)
    assert store.records(ann.profile_id) == library.records(ann.profile_id)
    assert store.explain(ann.profile_id, "gender") == library.explain(ann.profile_id, "gender")
    assert store.provenance(ann.profile_id) == library.provenance(ann.profile_id)
    assert store.traits() == library.traits()


def test_changes_are_read_from_a_cursor_on(store):
    everything = list(store.every_change())
    page = store.changes(limit=1)
    assert (list(page.data), page.has_more) == (everything[:1], True)
    assert list(store.every_change(page.next)) == everything[1:]
    last = store.changes(limit=1_000)
    assert (list(store.changes(last.next).data), last.has_more) == ([], False)


def test_a_rectification_stands_above_the_sources_until_it_is_withdrawn(store):
    cyril = store.get("email:cy@example.com")
    since = store.changes(limit=1_000).next
    done = store.rectify(cyril.profile_id, "birth_date", "1984-02-29", reason="passport shown")
    assert done.traits["birth_date"] == "1984-02-29"
    assert store.explain(cyril.profile_id, "birth_date").rule == "rectified"
    assert [each.profile_id for each in store.changes(since).data] == [cyril.profile_id]
    assert store.withdraw_rectification(cyril.profile_id, "birth_date") == cyril
    newest = store.rectifications(cyril.profile_id)[0]
    assert (newest.reason, newest.withdrawn_at is None) == ("passport shown", False)


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda store: store.get("email:nobody@example.com"), errors.ProfileNotFound),
        (lambda store: store.get("phone:+12125550142"), errors.AmbiguousIdentifier),
        (lambda store: store.get("email:nonsense"), errors.InvalidIdentifier),
        (lambda store: store.get("nonsense"), errors.InvalidRequest),
        (lambda store: store.explain("email:ann@example.com", "shoe"), errors.UnknownTrait),
        (lambda store: store.rectify("email:cy@example.com", "shoe", 1, reason="x"),
         errors.UnknownTrait),
        (lambda store: store.rectify("email:cy@example.com", "birth_date", "soon", reason="x"),
         errors.InvalidRequest),
        (lambda store: store.changes("nonsense"), errors.InvalidRequest),
    ],
)  # fmt: skip
def test_errors_are_the_same(store, ask, error):
    with pytest.raises(error) as raised:
        ask(store)
    assert type(raised.value) is error
