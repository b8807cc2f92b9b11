"""A profile looked up over HTTP, beside constant bytes of the same size and the bare SELECT."""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx
from rich.console import Console

from benchmarks.lookup import SELECT, fill, timed
from benchmarks.machine import described, fresh_store
from benchmarks.push import free_port, percentile, served
from cdp.profiles import CustomerProfiles
from cdp.store import keys
from cdp.store.database import Database

PROFILES = 1_000_000
SECONDS = 10.0
CLIENTS = 16
AIM_P99 = 0.010  # s at half of saturation
AIM_RATIO = 2.0  # of the constant endpoint's p50
AIM_MEMORY = 300  # MB of an idle worker
CONSTANT = """
import os
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

BODY = b"x" * int(os.environ["SIZE"])

async def constant(request):
    return Response(BODY, media_type="application/json")

app = Starlette(routes=[Route("/constant", constant), Route("/readyz", constant)])
uvicorn.run(app, port=int(os.environ["PORT"]), log_level="error", access_log=False)
"""
console = Console(width=110)
chance = random.Random(1)  # noqa: S311  no secret
Ask = Callable[[], bytes]  # the bytes of the next request


@dataclass
class Run:
    """Seconds of each answer, from when it was due; what was no 200."""

    answers: list[float] = field(default_factory=list)
    refused: int = 0


class Measured(NamedTuple):
    """At how many requests a second, and seconds of an answer then."""

    rate: float
    p50: float
    p99: float


async def _client(port: int, ask: Ask, run: Run, until: float, every: float) -> None:
    """Ask again and again, each `every` seconds or (0) as soon as the answer came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due = time.perf_counter() + chance.random() * every
    while due < until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        writer.write(ask())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        run.answers.append(time.perf_counter() - due)
        run.refused += not head.startswith(b"HTTP/1.1 200")
        # A late answer makes the next one late, too: waiting in line counts.
        due = due + every if every else time.perf_counter()
    writer.close()


def load(port: int, ask: Ask, rate: float = 0.0) -> Run:
    """Have the clients ask for a while, `rate` requests a second or as many as are answered."""

    async def everyone() -> Run:
        run, until = Run(), time.perf_counter() + SECONDS
        every = CLIENTS / rate if rate else 0.0
        await asyncio.gather(*(_client(port, ask, run, until, every) for _ in range(CLIENTS)))
        return run

    return asyncio.run(everyone())


@contextmanager
def constant(size: int) -> Iterator[int]:
    """An endpoint that answers so many constant bytes: its port."""
    port = free_port()
    environment = os.environ | {"SIZE": str(size), "PORT": str(port)}
    with subprocess.Popen([sys.executable, "-c", CONSTANT], env=environment) as process:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/readyz").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield port
        process.send_signal(signal.SIGTERM)


def measure(name: str, port: int, ask: Ask, rate: float | None = None) -> Measured:
    """Print saturation, and p50 and p99 at `rate` (requests/s; None: half of saturation)."""
    load(port, ask, 200.0)
    full = load(port, ask)
    most = len(full.answers) / SECONDS
    asked = rate or most / 2
    steady = load(port, ask, asked)
    p50, p99 = (percentile(steady.answers, share) for share in (0.5, 0.99))
    console.print(
        f"  {name:9} {most:7,.0f} requests/s at most; at {asked:,.0f} of them p50 {p50 * 1e3:6.2f} ms, "
        f"p99 {p99 * 1e3:6.2f} ms  ({full.refused + steady.refused} refused)"
    )
    return Measured(asked, p50, p99)


def megabytes(pid: int) -> float:
    """Memory of a process that is in RAM."""
    with open(f"/proc/{pid}/status") as file:  # noqa: PTH123
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def request(path: str, secret: str = "") -> bytes:
    """The bytes of a GET."""
    key = f"Authorization: Bearer {secret}\r\n" if secret else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{key}\r\n".encode()


def bare(database: Database, profiles: int) -> float:
    """Seconds (p50) of the SELECT by primary key, from Python."""
    found = CustomerProfiles(database=database)
    mails = [f"person{chance.randrange(profiles) + 1}@example.com" for _ in range(2_000)]
    ids = [str(found.get(f"email:{mail}").profile_id) for mail in mails]
    with database.autocommit() as connection:
        spent = timed(lambda key: connection.execute(SELECT, (key,), prepare=True).fetchone(), ids)
    return percentile(spent, 0.5) / 1e6


def main() -> None:
    """Print the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=PROFILES)
    profiles = parser.parse_args().profiles
    console.print(f"[bold]look-up over HTTP at {profiles:,} profiles[/bold]  ({described()})")
    with fresh_store() as database:
        fill(database, profiles)
        _, secret = keys.create(database, "page", ["read"], requests_per_second=1_000_000)
        with served(database) as (port, process):
            idle = megabytes(process.pid)

            def ask() -> bytes:
                return request(
                    f"/v1/profiles/email:person{chance.randrange(profiles) + 1}%40example.com",
                    secret,
                )

            path = "/v1/profiles/email:person1%40example.com"
            one = httpx.get(f"http://127.0.0.1:{port}{path}", auth=(secret, ""))
            found = measure("look-up", port, ask)
        with constant(len(one.raise_for_status().content)) as port:
            # At the same rate: half of its own saturation is more than this load generator can time.
            floor = measure("constant", port, lambda: request("/constant"), found.rate)
        select = bare(database, profiles)
    console.print(
        f"  bare SELECT from Python p50 {select * 1e3:.2f} ms; one worker, idle: {idle:.0f} MB "
        f"(aim {AIM_MEMORY})"
    )
    console.print(
        f"  [bold]p50 {found.p50 / floor.p50:.2f} x constant[/bold] (aim {AIM_RATIO:.0f}), "
        f"p99 {found.p99 * 1e3:.2f} ms (aim {AIM_P99 * 1e3:.0f})"
    )


if __name__ == "__main__":
    main()
