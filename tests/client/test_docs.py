"""The examples of the documentation run."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def examples(file: str, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", (DOCS / file).read_text(), re.DOTALL | re.MULTILINE
    )


def test_the_examples_of_the_client_run_in_turn(shop):
    names = {
        "URL": shop.url,
        "KEY": shop.key("read", "steward"),
        "PUSH_KEY": shop.key("ingest", channel="web"),
    }
    said = examples("client.md", "python")
    assert len(said) >= 6
    for example in said:
        exec(compile(example, "docs/client.md", "exec"), names)  # noqa: S102  our own page


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
@pytest.mark.parametrize("example", examples("http-api.md", "sh"))
def test_the_examples_of_the_api_run(shop, example):
    key = shop.key("read", "steward")
    environment = os.environ | {"CDP_URL": shop.url, "CDP_KEY": key}
    ran = subprocess.run(
        ["sh", "-ec", example], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "{" in ran.stdout
