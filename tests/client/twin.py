"""Writes the synchronous client from the asynchronous one: `python -m tests.client.twin`."""

import re
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).parents[2] / "cdp" / "client"
SOURCE, TWIN = CLIENT / "asynchronous", CLIENT / "synchronous"
NOTE = ' Written by tests/client/twin.py."""'
WORDS = (
    (r"^import asyncio$", "import time\nfrom threading import Lock"),
    (r"asyncio\.sleep", "time.sleep"),
    (r"asyncio\.Lock", "Lock"),
    (r"  # noqa: ASYNC109  handed on to httpx", ""),
    (r"client\.asynchronous", "client.synchronous"),
    (r"\bAsync(?=[A-Z])", ""),
    (r"__a(enter|exit)__", r"__\1__"),
    (r"\baclose\b", "close"),
    (r"\baread\b", "read"),
    (r"\baiter_bytes\b", "iter_bytes"),
    (r"\bawaitable\b", "plain"),
    (r"\bAwaitable\b", "Plain"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
)


def twins() -> dict[Path, str]:
    """The text of each file of the synchronous client."""
    return {TWIN / file.name: _twin(file) for file in sorted(SOURCE.glob("*.py"))}


def _twin(file: Path) -> str:
    text = file.read_text("utf-8")
    for pattern, word in WORDS:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    text = re.sub(r'(?<!""")"""$', NOTE, text, count=1, flags=re.MULTILINE)
    for step in (["check", "--fix", "--select", "I,F401,UP028", "--unsafe-fixes"], ["format"]):
        command = [
            sys.executable,
            "-m",
            "ruff",
            *step,
            "--quiet",
            "--stdin-filename",
            TWIN / file.name,
            "-",
        ]
        text = subprocess.run(
            command, input=text, capture_output=True, text=True, check=True
        ).stdout
    return text


if __name__ == "__main__":
    TWIN.mkdir(exist_ok=True)
    for place, text in twins().items():
        place.write_text(text, "utf-8")
