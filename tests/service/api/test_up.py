"""`cdp up`, as `make up` runs it: a key, addresses, and the service behind them."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from cdp.store import keys
from cdp.store.database import Database
from tests.served import eventually

CDP = "from cdp.cli import main; main()"


@contextmanager
def started(database: Database) -> Iterator[httpx.Client]:
    """A client of the service with the key that it printed; Ctrl-C ends it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-c", CDP, "up", "--port", port]
    environment = os.environ | {"CDP_DATABASE_URL": database.url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = _said(process)
            assert f"http://127.0.0.1:{port}/docs" in said
            key = re.search(r"key +(\S+)", said)[1]
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", auth=(key, ""), timeout=60
            ) as http:
                eventually(lambda: _is_ready(http), 120)
                yield http
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()


def _said(process: subprocess.Popen[str]) -> str:
    """What it prints before it serves."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "search" in line:
            return "".join(lines)
    raise AssertionError(f"it ended and said only {lines}")


def _is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_each_start_prints_a_key_that_works_and_revokes_the_one_before(database: Database) -> None:
    with started(database) as http:
        said = {"userId": "ann", "traits": {"email": "ann@example.com"}}
        assert http.post("/v1/identify", json=said).status_code == 200
        eventually(lambda: http.get("/v1/profiles/email:ann%40example.com").status_code == 200)
    with started(database):
        made = keys.every(database)
    assert [key.revoked_at is None for key in made] == [False, True]
