"""The command line on a test's own store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdp.cli import main
from cdp.settings import settings
from cdp.store.database import Database
from tests.quarantine.world import CLUB, MEMBERS, declared


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


Cdp = Callable[..., Answer]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Settings that are read anew in this test, and again after it."""
    yield monkeypatch
    settings.cache_clear()


@pytest.fixture
def channels(tmp_path: Path) -> Path:
    """A folder with the declaration of one channel, `club`, and its file."""
    declared(tmp_path / "channels", "club", CLUB, MEMBERS)
    return tmp_path / "channels"


@pytest.fixture
def cdp(
    database: Database,
    channels: Path,
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Cdp:
    """Runs a command on the test's store and channels."""
    environment.setenv("CDP_DATABASE_URL", database.url)
    environment.setenv("CDP_CHANNELS", str(channels))
    settings.cache_clear()

    def run(*arguments: str) -> Answer:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        code = ended.value.code
        return Answer(code if isinstance(code, int) else 0, said.out, said.err)

    return run
