"""analytics-next in a real browser, on a page of another origin than the service."""

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import sync_playwright

from tests.service.ingest.conftest import Service
from tests.service.sdk.test_journeys import assert_known

HERE = Path(__file__).parent
UMD = "node_modules/@segment/analytics-next/dist/umd"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def page_url(node_modules: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the shop's page, with the SDK beside it."""
    umd = node_modules / UMD
    for file in umd.glob("*.js"):
        shutil.copy(file, tmp_path)
    shutil.copy(umd / "index.js", tmp_path / "analytics.js")
    shutil.copy(HERE / "page.html", tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/page.html"
        server.shutdown()
        thread.join()


@pytest.fixture
def chromium() -> str:
    """The path of a Chromium."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium is installed, so analytics-next cannot be tried")
    return found


def test_analytics_next(shop: Service, page_url: str, chromium: str):
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        told: list[str] = []
        page.on("console", lambda line: told.append(line.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("requestfailed", lambda failed: told.append(f"{failed.url} {failed.failure}"))
        about = urlencode({"url": shop.url, "key": shop.write_key, "who": "web"})
        with page.expect_response(lambda answer: answer.url.endswith("/v1/a")) as last:
            page.goto(f"{page_url}?{about}")
            assert page.evaluate("window.journey") == "sent", told
        assert last.value.status == 200
        browser.close()
    assert told == []
    assert_known(shop, "web")
