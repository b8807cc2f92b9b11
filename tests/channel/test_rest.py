"""A REST endpoint with pages, moods and limits, on a real local server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from cdp.channel.delivery import deliveries
from cdp.channel.reading import read
from cdp.errors import ChannelContractError, DeliveryUnreadable

ITEMS = [{"id": n, "mail": f"m{n}@x", "meta": {"at": f"2024-01-{n:02}"}} for n in range(1, 8)]


class Shop(ThreadingHTTPServer):
    """Answers with what `answer` makes of path, parameters and headers, and notes what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.asked: list[tuple[dict, dict]] = []
        self.answer = lambda *_: (200, {}, ITEMS)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/customers"


class Desk(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.asked.append((query, dict(self.headers)))
        status, headers, body = self.server.answer(query, self.headers)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (
            {"Content-Type": "application/json", "Content-Length": len(data)} | headers
        ).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_) -> None:
        """Nothing."""


@pytest.fixture
def shop():
    server = Shop()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def told(channel, shop, watermark=None, **source):
    source = {"kind": "rest", "url": shop.url, "retry": {"wait": 0.001}} | source
    spec = channel.declare(source=source, identifiers={"email": "mail"})
    (delivery,) = deliveries(spec, channel.settings, watermark)
    return [
        value for batch in read(spec, delivery) for value in batch.identifiers["value"]
    ], delivery


ALL = [item["mail"] for item in ITEMS]


def test_one_answer_may_hold_everything(channel, shop):
    assert told(channel, shop)[0] == ALL


def test_pages_are_counted_until_one_is_empty(channel, shop):
    shop.answer = lambda query, _: (
        200,
        {},
        {"data": {"items": ITEMS[3 * (int(query["page"]) - 1) :][:3]}},
    )
    assert told(channel, shop, items="data.items", paging={"kind": "page"})[0] == ALL
    assert [query["page"] for query, _ in shop.asked] == ["1", "2", "3", "4"]


def test_pages_by_offset_end_with_a_short_one(channel, shop):
    shop.answer = lambda query, _: (200, {}, ITEMS[int(query["offset"]) :][: int(query["limit"])])
    assert told(channel, shop, paging={"kind": "offset", "size": 4})[0] == ALL
    assert [query["offset"] for query, _ in shop.asked] == ["0", "4"]


def test_each_answer_may_name_the_next_cursor(channel, shop):
    def answer(query, _):
        start = int(query.get("after", 0))
        following = start + 3 if start + 3 < len(ITEMS) else None
        return 200, {}, {"items": ITEMS[start:][:3], "meta": {"next": following}}

    shop.answer = answer
    paging = {"kind": "cursor", "param": "after", "next": "meta.next"}
    assert told(channel, shop, items="items", paging=paging)[0] == ALL


def test_a_link_header_leads_on(channel, shop):
    def answer(query, _):
        start = int(query.get("from", 0))
        link = (
            {"Link": f'<{shop.url}?from={start + 5}>; rel="next"'} if start + 5 < len(ITEMS) else {}
        )
        return 200, link, ITEMS[start:][:5]

    shop.answer = answer
    assert told(channel, shop, paging={"kind": "link"})[0] == ALL


def test_secrets_never_go_to_another_host(channel, shop):
    shop.answer = lambda *_: (200, {"Link": '<http://localhost/x>; rel="next"'}, ITEMS)
    with pytest.raises(DeliveryUnreadable, match="another host, localhost"):
        told(channel, shop, paging={"kind": "link"})


def test_the_watermark_is_asked_with_and_moves_on(channel, shop):
    cursor = {"param": "since", "field": "meta.at"}
    _, delivery = told(channel, shop, cursor=cursor, params={"active": True})
    assert delivery.watermark == "2024-01-07"
    shop.answer = lambda *_: (200, {}, [])
    values, later = told(channel, shop, delivery.watermark, cursor=cursor)
    assert values == []
    assert later.watermark == "2024-01-07"
    assert shop.asked[0][0] == {"active": "true"}
    assert shop.asked[1][0] == {"since": "2024-01-07"}


def test_headers_come_from_the_environment(channel, shop, monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "Bearer s3cret")
    told(channel, shop, headers_env={"Authorization": "SHOP_TOKEN"})
    assert shop.asked[0][1]["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    "trouble",
    [
        (429, {"Retry-After": "0"}),
        (429, {"Retry-After": "Thu, 01 Jan 2015 00:00:00 GMT"}),
        (503, {}),
    ],
)
def test_a_busy_server_is_asked_again(channel, shop, trouble):
    answers = iter([trouble, trouble])
    shop.answer = lambda *_: (*next(answers, (200, {})), ITEMS)
    assert told(channel, shop)[0] == ALL
    assert len(shop.asked) == 3


def test_a_server_that_stays_away_is_told_after_the_declared_attempts(channel, shop):
    shop.answer = lambda *_: (500, {}, [])
    with pytest.raises(DeliveryUnreadable, match="answer 500 Internal Server Error at attempt 3"):
        told(channel, shop, retry={"attempts": 3, "wait": 0})
    assert len(shop.asked) == 3


def test_a_refusal_is_told_at_once(channel, shop):
    shop.answer = lambda *_: (401, {}, {})
    with pytest.raises(DeliveryUnreadable, match="answer 401 Unauthorized at attempt 1"):
        told(channel, shop)


def test_nobody_there_is_told(channel, shop):
    shop.shutdown()
    shop.server_close()
    with pytest.raises(DeliveryUnreadable, match=r"no answer \((Connect|Read)Error\)"):
        told(channel, shop, retry={"attempts": 1})


def test_an_answer_that_is_no_json_or_has_no_list_is_told(channel, shop):
    shop.answer = lambda *_: (200, {"Content-Type": "text/html"}, b"<html>")
    with pytest.raises(DeliveryUnreadable, match="no JSON but text/html"):
        told(channel, shop)
    shop.answer = lambda *_: (200, {}, {"data": [], "total": 0})
    with pytest.raises(ChannelContractError, match="no list at 'items'; it has: data, total"):
        told(channel, shop, items="items")


def test_a_server_that_ignores_the_page_is_not_asked_for_ever(channel, shop):
    shop.answer = lambda *_: (200, {}, {"items": ITEMS, "next": "x"})
    with pytest.raises(DeliveryUnreadable, match="leads back to itself"):
        told(channel, shop, items="items", paging={"kind": "cursor", "next": "next"})


def test_an_item_that_is_no_object_is_rejected(channel, shop):
    shop.answer = lambda *_: (200, {}, [*ITEMS[:1], 17, *ITEMS[1:2]])
    spec = channel.declare(source={"kind": "rest", "url": shop.url}, identifiers={"email": "mail"})
    batch = channel.batch(spec)
    assert batch.rows_read == 3
    assert batch.rejects.select("row", "raw").rows() == [(2, '"17"')]
