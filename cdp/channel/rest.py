"""A REST endpoint read page by page, patiently."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx

from cdp.channel.chunk import Chunk
from cdp.channel.delivery import Delivery
from cdp.channel.environment import secret
from cdp.channel.jsonlines import json_chunks
from cdp.channel.sources import CursorPaging, LinkPaging, Offset, Page, Paging, Rest
from cdp.channel.spec import ChannelSpec
from cdp.channel.waiting import seconds_to_wait
from cdp.errors import ChannelContractError, DeliveryUnreadable

ITEMS_PER_CHUNK = 20_000
BUSY = 429
FAILING = 500


def rest_chunks(spec: ChannelSpec, source: Rest, delivery: Delivery) -> Iterator[Chunk]:
    """The items of all pages; moves the delivery's watermark when the last one has been read.

    Raises DeliveryUnreadable if the endpoint refuses, or still fails after the declared attempts;
    ChannelContractError if an answer is not built as declared.
    """
    headers = {name: secret(variable) for name, variable in source.headers_env.items()}
    newest = _Newest(source, delivery.watermark)
    with httpx.Client(headers=headers, timeout=source.timeout, follow_redirects=True) as client:
        pages = _pages(client, source, delivery)
        blocks = _blocks(pages, newest)
        yield from json_chunks(blocks, spec.columns_delivered(), spec.columns)
    delivery.watermark = newest.seen


class _Newest:
    """The largest value of the cursor's field so far, as text."""

    def __init__(self, source: Rest, watermark: str | None) -> None:
        self._field = source.cursor.field if source.cursor else None
        self.seen = watermark

    def see(self, items: list[Any]) -> None:
        if self._field is None:
            return
        values = [_at(item, self._field) for item in items]
        told = [str(value) for value in values if value is not None]
        self.seen = max(told + ([self.seen] if self.seen else []), key=_order, default=None)


def _order(value: str) -> tuple[float, str]:
    """Numbers by size, other texts (ISO times) by letter."""
    try:
        return float(value), ""
    except ValueError:
        return 0.0, value


def _blocks(pages: Iterator[list[Any]], newest: _Newest) -> Iterator[bytes]:
    lines: list[str] = []
    for items in pages:
        newest.see(items)
        lines += [json.dumps(item, ensure_ascii=False) for item in items]
        if len(lines) >= ITEMS_PER_CHUNK:
            yield "\n".join(lines).encode("utf-8", "surrogatepass") + b"\n"
            lines = []
    if lines:
        yield "\n".join(lines).encode("utf-8", "surrogatepass") + b"\n"


def _pages(client: httpx.Client, source: Rest, delivery: Delivery) -> Iterator[list[Any]]:
    url: str | None = source.url
    params = _first_params(source, delivery)
    asked: set[str] = set()
    while url is not None:
        request = client.build_request("GET", url, params=params)
        if str(request.url) in asked:
            raise DeliveryUnreadable(
                f"{delivery.name}: a page leads back to itself; check source.paging"
            )
        asked.add(str(request.url))
        response = _answer(client, request, source, delivery)
        body = _json(response, delivery)
        items = _items(body, source, delivery)
        yield items
        if isinstance(source.paging, LinkPaging):
            url, params = _linked(source, response, delivery), None
        else:
            following = _next_params(source.paging, body, len(items), params or {})
            url, params = (url, following) if following else (None, None)


def _first_params(source: Rest, delivery: Delivery) -> dict[str, Any]:
    params: dict[str, Any] = dict(source.params)
    if source.cursor and delivery.watermark:
        params[source.cursor.param] = delivery.watermark
    paging = source.paging
    if isinstance(paging, Page):
        params[paging.param] = paging.start
        if paging.size_param and paging.size:
            params[paging.size_param] = paging.size
    if isinstance(paging, Offset):
        params |= {paging.param: 0, paging.size_param: paging.size}
    return params


def _next_params(
    paging: Paging, body: Any, count: int, params: dict[str, Any]
) -> dict[str, Any] | None:
    """The parameters of the next page; None after the last one."""
    if isinstance(paging, CursorPaging):
        cursor = _at(body, paging.next)
        return params | {paging.param: cursor} if cursor else None
    if isinstance(paging, Page | Offset) and count and count >= (paging.size or 0):
        step = 1 if isinstance(paging, Page) else paging.size
        return params | {paging.param: params[paging.param] + step}
    return None


def _linked(source: Rest, response: httpx.Response, delivery: Delivery) -> str | None:
    link = response.links.get("next", {}).get("url")
    if link is None:
        return None
    target = response.url.join(link)
    # The headers hold secrets, which are for the declared host only.
    if target.host != httpx.URL(source.url).host:
        raise DeliveryUnreadable(
            f"{delivery.name}: the next page lies on another host, {target.host}"
        )
    return str(target)


def _answer(
    client: httpx.Client, request: httpx.Request, source: Rest, delivery: Delivery
) -> httpx.Response:
    attempt = 1
    while True:
        response, trouble = _asked(client, request)
        if response is not None and response.is_success:
            return response
        lasting = (
            response is not None and response.status_code != BUSY and response.status_code < FAILING
        )
        if lasting or attempt >= source.retry.attempts:
            raise DeliveryUnreadable(
                f"{delivery.name}: {trouble} at attempt {attempt}; "
                "check source.url, its headers and parameters, or try again later"
            )
        time.sleep(seconds_to_wait(source.retry, attempt, response))
        attempt += 1


def _asked(client: httpx.Client, request: httpx.Request) -> tuple[httpx.Response | None, str]:
    try:
        response = client.send(request)
    except httpx.TransportError as error:
        return None, f"no answer ({type(error).__name__})"
    return response, f"answer {response.status_code} {response.reason_phrase}"


def _json(response: httpx.Response, delivery: Delivery) -> Any:
    try:
        return response.json()
    except ValueError:
        raise DeliveryUnreadable(
            f"{delivery.name}: the answer is no JSON but "
            f"{response.headers.get('content-type', 'of no told type')}; check source.url"
        ) from None


def _items(body: Any, source: Rest, delivery: Delivery) -> list[Any]:
    items = _at(body, source.items) if source.items else body
    if not isinstance(items, list):
        there = ", ".join(body) if isinstance(body, dict) else type(body).__name__
        raise ChannelContractError(
            f"{delivery.name}: the answer has no list at {source.items or 'its top'!r}; it has: {there}. "
            "Mend source.items"
        )
    return items


def _at(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body.get(step) if isinstance(body, dict) else None
    return body
