"""Events pushed over HTTP, single and batched, until they are seen in the profile; beside one COPY."""

import asyncio
import base64
import io
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from rich.console import Console

from benchmarks.machine import described, fresh_store
from cdp.profiles import CustomerProfiles
from cdp.store import keys
from cdp.store.database import Database

USERS = 20_000
BATCH = 100
SECONDS = 20.0
CLIENTS = {"batched": 16, "single": 64}
AIM = 3_000  # events a second, batched
AIM_VISIBLE = 1.0  # s from 200 to visible, p99
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
CDP = "from cdp.cli import main; main()"
console = Console(width=110)
chance = random.Random(1)  # noqa: S311  no secret


def message() -> dict[str, object]:
    """A message as a shop's pages send it: mostly views, some identifies and orders."""
    user = chance.randrange(USERS)
    said: dict[str, object] = {
        "userId": f"user-{user}",
        "anonymousId": f"visitor-{user}",
        "messageId": str(uuid.UUID(int=chance.getrandbits(128))),
        "timestamp": datetime.now(UTC).isoformat(),
        "context": {"userAgent": AGENT, "page": {"url": "https://shop.example/shoes"}},
    }
    kind, product = chance.random(), f"p-{chance.randrange(500)}"
    if kind < 0.1:
        traits = {"email": f"user{user}@shop.example", "firstName": "Ann", "plan": "pro"}
        return said | {"type": "identify", "traits": traits}
    if kind < 0.15:
        line = {"product_id": product, "category": "Shoes", "price": 20, "quantity": 2}
        order = {"order_id": said["messageId"], "revenue": 80, "currency": "EUR"}
        properties = order | {"products": [line, line]}
        return said | {"type": "track", "event": "Order Completed", "properties": properties}
    if kind < 0.65:
        properties = {"product_id": product, "category": "Shoes", "price": 20}
        return said | {"type": "track", "event": "Product Viewed", "properties": properties}
    return said | {"type": "page", "name": "Shoes"}


@dataclass
class Target:
    """The service under load."""

    port: int
    write_key: str

    def request(self, path: str, body: object) -> bytes:
        """The bytes of a POST."""
        content = json.dumps(body).encode()
        user = base64.b64encode(f"{self.write_key}:".encode()).decode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {user}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


@dataclass
class Run:
    """What the clients of one run saw: seconds of each answer, and the events that were taken."""

    answers: list[float] = field(default_factory=list)
    events: int = 0
    refused: int = 0


async def _client(target: Target, size: int, until: float, run: Run) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    while time.perf_counter() < until:
        path = "/v1/batch" if size > 1 else "/v1/track"
        body = {"batch": [message() for _ in range(size)]} if size > 1 else message()
        started = time.perf_counter()
        writer.write(target.request(path, body))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        if head.startswith(b"HTTP/1.1 200"):
            run.answers.append(time.perf_counter() - started)
            run.events += size
        else:
            run.refused += 1
            await asyncio.sleep(0.05)
    writer.close()


async def _load(target: Target, size: int, clients: int) -> Run:
    run = Run()
    until = time.perf_counter() + SECONDS
    await asyncio.gather(*(_client(target, size, until, run) for _ in range(clients)))
    return run


def _watch(target: Target, database: Database, stop: threading.Event, seen: list[float]) -> None:
    """Push a trait now and then and look until the profile has it: seconds from 200 to then."""
    profiles = CustomerProfiles(database=database)
    with httpx.Client(base_url=f"http://127.0.0.1:{target.port}", timeout=60) as http:
        while not stop.wait(0.1):
            mark = str(uuid.uuid4())
            said = {"userId": "watched", "traits": {"mark": mark}}
            http.post("/v1/identify", json=said, auth=(target.write_key, ""))
            taken = time.perf_counter()
            while not any(
                found.traits.get("custom.mark") == mark
                for found in profiles.find(user_id="watched")
            ):
                stop.wait(0.005)
            seen.append(time.perf_counter() - taken)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(database: Database) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`cdp serve` on `database`: its port and process."""
    port = free_port()
    environment = os.environ | {"CDP_DATABASE_URL": database.url}
    command = [sys.executable, "-c", CDP, "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).raise_for_status()
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    raise RuntimeError("`cdp serve` ended; run it to see why") from None
                time.sleep(0.1)
        yield port, process
        process.terminate()


def processor_seconds(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def copied(database: Database) -> float:
    """Events a second of one COPY and commit per batch into a table like that of events."""
    with database.autocommit() as connection:
        connection.execute("CREATE TABLE copied (LIKE event INCLUDING ALL)")
        (row,) = connection.execute("SELECT * FROM event ORDER BY random() LIMIT 1").fetchall()
        columns = [
            column.name
            for column in connection.execute("SELECT * FROM event LIMIT 0").description or ()
        ]
        batches = []
        for _ in range(200):
            buffer = io.StringIO()
            for _ in range(BATCH):
                own = dict(zip(columns, row, strict=True))
                own |= {"event_id": uuid.uuid4(), "record_uid": uuid.uuid4()}
                own["properties"] = json.dumps(own["properties"])
                said = ("\\N" if own[name] is None else str(own[name]) for name in columns)
                buffer.write("\t".join(said).replace("\\u", "\\\\u") + "\n")
            batches.append(buffer.getvalue())
        started = time.perf_counter()
        for batch in batches:
            with (
                connection.transaction(),
                connection.cursor().copy("COPY copied FROM STDIN") as copy,
            ):
                copy.write(batch)
        return len(batches) * BATCH / (time.perf_counter() - started)


def measure(database: Database, name: str, size: int) -> float:
    """Run one kind of load and print what came of it; the p99 of the time until visible, s."""
    _, write_key = keys.create(database, name, ["ingest"], requests_per_second=1_000_000)
    with served(database) as (port, process):
        target = Target(port, write_key)
        stop, seen = threading.Event(), []
        watcher = threading.Thread(target=_watch, args=(target, database, stop, seen))
        watcher.start()
        before, started = processor_seconds(process.pid), time.perf_counter()
        run = asyncio.run(_load(target, size, CLIENTS[name]))
        took = time.perf_counter() - started
        used = processor_seconds(process.pid) - before
        stop.set()
        watcher.join()
    p50, p99 = (percentile(run.answers, share) for share in (0.5, 0.99))
    console.print(
        f"{name:8} {run.events / took:8,.0f} events/s, answered in {p50:.3f} s (p99 {p99:.3f}), "
        f"visible {percentile(seen, 0.5):.3f} s after the 200 (p99 {percentile(seen, 0.99):.3f}, "
        f"n {len(seen)}), {used / run.events * 1e6:.0f} us of the service's processor each, "
        f"{run.refused} turned away"
    )
    return percentile(seen, 0.99)


def main() -> None:
    """Print both loads and the floor."""
    console.print(f"push: {described()}, load generator included, {SECONDS:.0f} s each")
    with fresh_store() as database:
        measure(database, "batched", BATCH)
        measure(database, "batched", BATCH)
        measure(database, "single", 1)
        console.print(
            f"floor    {copied(database):8,.0f} events/s by one COPY and commit per {BATCH}"
        )
    console.print(f"aim: {AIM:,} events/s batched, visible within {AIM_VISIBLE} s (p99)")


if __name__ == "__main__":
    main()
