"""Discovery of personas, the page call, and how soon a pushed event moves the situation.

`python -m benchmarks.personas [PROFILES] [EVENTS_A_SECOND]`: 20,000 and 200 unless said otherwise;
what is promised holds for 1,000,000 and 1,000.
"""

import asyncio
import base64
import json
import random
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection

import httpx
from rich.console import Console
from sqlalchemy import text

from benchmarks.lookup import fill
from benchmarks.machine import described, fresh_store, peak_memory
from benchmarks.push import AGENT, BATCH, Target, percentile, processor_seconds, served
from cdp.derive.run import refit
from cdp.personas import Personas
from cdp.store import keys
from cdp.store.database import Database

PROFILES, EVENTS = 20_000, 200
CALLS = 2_000
WARMING = 50  # calls
SECONDS = 60.0
# Four kinds of people; what is concluded of them and what they looked at is filled in by SQL.
CONCLUDE = (
    """INSERT INTO derived_profile (profile_id, subject, traits, derived_at, parameters)
       SELECT profile_id, 'person', jsonb_build_object(
           'gender', CASE WHEN random() < 0.2 + 0.2 * k THEN 'f' ELSE 'm' END,
           'age', (20 + 12 * k + 10 * random())::int, 'income', (20000 + 15000 * k * random())::int,
           'address.city', 'City ' || (k * 3 + (3 * random())::int), 'children', (3 * random())::int,
           'psychographics.music', (ARRAY['pop', 'rock', 'jazz', 'folk'])[1 + (k + (1.3 * random())::int) % 4],
           'top_department', (ARRAY['women', 'men', 'kids', 'home'])[1 + (k + (1.3 * random())::int) % 4],
           'orders', (1 + 10 * k * random())::int, 'average_order_value', 20 + 30 * k * random(),
           'discount_share', random()), now(), 1
       FROM (SELECT profile_id, hashtext(profile_id::text) & 3 AS k FROM profile) AS p
       ORDER BY profile_id""",
    """INSERT INTO event (record_uid, event_id, occurred_at, kind, product, category, properties, recorded_at)
       SELECT profile_id, gen_random_uuid(), now() - (i * 1000 + 100 * random()) * interval '1 minute',
              (ARRAY['product_viewed', 'order_line'])[1 + i % 2], 'p' || (60 * k + (90 * random())::int),
              'category ' || (k * 10 + (14 * random())::int),
              jsonb_build_object('device', (ARRAY['phone', 'tablet', 'desktop'])[1 + i % 3]), now()
       FROM (SELECT profile_id, hashtext(profile_id::text) & 3 AS k FROM profile) AS p,
            generate_series(1, 10) AS i""",
    "ANALYZE",
)
console = Console(width=110)


def discover(database: Database, profiles: int) -> None:
    """Time discovery, cards and assignment of everybody included."""
    steps: list[tuple[str, float]] = []
    started = time.perf_counter()
    with Personas(database=database) as personas:
        found = personas.discover(progress=lambda step: steps.append((step, time.perf_counter())))
    took = time.perf_counter() - started
    ends = [at for _, at in steps[1:]] + [started + took]
    parts = ", ".join(
        f"{name} {end - at:.1f} s" for (name, at), end in zip(steps, ends, strict=True)
    )
    console.print(
        f"discovery of {profiles:,} profiles: {took:.0f} s ({parts}), {peak_memory():.1f} GiB; "
        f"{found.personas} personas, {found.situations} situations"
    )


def page(database: Database, profiles: int) -> None:
    """Time the page call over HTTP, one after the other."""
    _, key = keys.create(database, "front end", ["read"], requests_per_second=1_000_000)
    spent = []
    with served(database) as (port, process):
        before, http = processor_seconds(process.pid), HTTPConnection("127.0.0.1", port)
        for _ in range(CALLS):
            number = random.randrange(1, profiles + 1)  # noqa: S311  no secret
            started = time.perf_counter()
            _, at = _called(http, f"/v1/profiles/email:person{number}@example.com/page", key)
            spent.append((at - started) * 1000)
        used = processor_seconds(process.pid) - before
    spent = spent[CALLS // 10 :]  # the first ones warm up
    console.print(
        f"page call at {profiles:,} profiles: p50 {percentile(spent, 0.5):.1f} ms, "
        f"p99 {percentile(spent, 0.99):.1f} ms (promised 10), {used / CALLS * 1000:.1f} ms of the "
        "service's processor each"
    )


def visible(database: Database, rate: int) -> None:
    """Push `rate` events a second; from sending one more until its situation is told."""
    _, write = keys.create(database, "shop", ["ingest"], requests_per_second=1_000_000)
    _, read = keys.create(database, "front end", ["read"], requests_per_second=1_000_000)
    with served(database) as (port, _):
        stop, spent, landing = threading.Event(), [], []
        probe = threading.Thread(target=_probe, args=(port, write, read, stop, (spent, landing)))
        probe.start()
        answered = asyncio.run(_steady(Target(port, write), rate))
        stop.set()
        probe.join()
    console.print(
        f"situation visible after an event is sent, {answered:,.0f} events/s beside: "
        f"p50 {percentile(spent, 0.5):.0f} ms, p99 {percentile(spent, 0.99):.0f} ms "
        f"(promised 50, n {len(spent)}); it has landed after p50 {percentile(landing, 0.5):.0f} ms, "
        f"p99 {percentile(landing, 0.99):.0f} ms"
    )


def _view(user: str) -> dict[str, object]:
    return {
        "type": "track", "event": "Product Viewed", "userId": user, "messageId": str(uuid.uuid4()),
        "timestamp": datetime.now(UTC).isoformat(), "context": {"userAgent": AGENT},
        "properties": {"product_id": "p1", "category": f"category {random.randrange(40)}"},  # noqa: S311
    }  # fmt: skip


async def _steady(target: Target, rate: int) -> float:
    """Batches of BATCH at a steady rate, answered or not; how many events a second were answered."""
    started, batches = time.perf_counter(), round(SECONDS * rate / BATCH)
    async with httpx.AsyncClient(timeout=60) as http, asyncio.TaskGroup() as sending:
        for n in range(batches):
            due = started + n * BATCH / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sending.create_task(_push(http, target))
    return batches * BATCH / (time.perf_counter() - started)


async def _push(http: httpx.AsyncClient, target: Target) -> None:
    users = [f"user-{random.randrange(5_000)}" for _ in range(BATCH)]  # noqa: S311  no secret
    body = {"batch": [_view(user) for user in users]}
    url = f"http://127.0.0.1:{target.port}/v1/batch"
    (await http.post(url, json=body, auth=(target.write_key, ""))).raise_for_status()


def _probe(
    port: int, write: str, read: str, stop: threading.Event, told: tuple[list[float], list[float]]
) -> None:
    """A visitor of its own each time: push a view, ask meanwhile until the session is told.

    `told`: milliseconds from sending until then, and until the answer.
    """
    spent, landing = told
    asked, pushed = HTTPConnection("127.0.0.1", port), HTTPConnection("127.0.0.1", port)
    for _ in range(WARMING):
        _session(asked, "nobody", read)
    with ThreadPoolExecutor(1) as pushing:
        while not stop.wait(0.05):
            user = f"probe-{uuid.uuid4()}"
            body = json.dumps(_view(user))
            started = time.perf_counter()
            answer = pushing.submit(_called, pushed, "/v1/track", write, body)
            while not _session(asked, user, read):
                stop.wait(0.002)
            spent.append((time.perf_counter() - started) * 1000)
            landing.append((answer.result()[1] - started) * 1000)


def _session(connection: HTTPConnection, user: str, key: str) -> bool:
    content, _ = _called(connection, f"/v1/profiles/user_id:{user}/situation", key)
    return json.loads(content).get("session") is not None


def _called(
    connection: HTTPConnection, path: str, key: str, body: str | None = None
) -> tuple[bytes, float]:
    """The answer to a GET, or a POST with a body, and when it came. httpx would take longer than the service."""
    user = base64.b64encode(f"{key}:".encode()).decode()
    connection.request(
        "GET" if body is None else "POST", path, body, {"Authorization": f"Basic {user}"}
    )
    answer = connection.getresponse()
    content = answer.read()
    if answer.status not in (httpx.codes.OK, httpx.codes.NOT_FOUND):
        raise RuntimeError(f"{path.partition('?')[0]} was answered {answer.status}")
    return content, time.perf_counter()


def main() -> None:
    """Print the figures of one run."""
    profiles, rate = (*map(int, sys.argv[1:]), *(PROFILES, EVENTS)[len(sys.argv) - 1 :])[:2]
    console.print(f"[bold]personas at {profiles:,} profiles[/bold]  ({described()})")
    with fresh_store() as database:
        # What an empty store is fitted to stays in force: else everybody is derived beside.
        refit(database, datetime.now(UTC))
        fill(database, profiles)
        with database.transaction() as tx:
            for statement in CONCLUDE:
                tx.execute(text(statement))
        discover(database, profiles)
        # What the server does by itself after such a load would be measured with it.
        with database.autocommit() as connection:
            connection.execute("VACUUM")
            connection.execute("CHECKPOINT")
        page(database, profiles)
        visible(database, rate)


if __name__ == "__main__":
    main()
