"""The SDKs themselves, as their registries give them, and one service that all of them talk to."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from cdp.store.database import Database
from tests.service.ingest.conftest import Service, running

HERE = Path(__file__).parent
CACHE = Path.home() / ".cache" / "cdp-test-sdks"


@pytest.fixture(scope="module")
def shop(
    new_database: Callable[[], AbstractContextManager[Database]],
) -> Iterator[Service]:
    """A service that lives as long as the tests of a module."""
    with new_database() as database, running(database) as service:
        yield service


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """A folder with the Node SDKs of package.json installed; kept for the next run."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, so the Node SDKs cannot be tried")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = CACHE / hashlib.sha256(lock).hexdigest()[:16]
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        # Not `npm ci`: it refuses the lock for optional packages of other systems.
        command = [
            "npm",
            "install",
            "--omit=optional",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]
        _install(command, folder, "the Node SDKs cannot be installed by npm")
        (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def segment_python_2_3() -> Path:
    """A folder with segment-analytics-python 2.3.4, the last before the retry headers."""
    folder = CACHE / "segment-analytics-python-2.3.4"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = ["--no-deps", "--target", str(folder), "segment-analytics-python==2.3.4"]
        command = [sys.executable, "-m", "pip", "install", "-q", *wanted]
        _install(command, folder, "segment-analytics-python 2.3.4 cannot be installed by pip")
        (folder / "done").touch()
    return folder


def _install(command: list[str], folder: Path, otherwise: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{otherwise}: {done.stderr.strip().splitlines()[-1:]}")
