"""The worked example of docs/accounts.md runs as it stands."""

import re
import shlex
from pathlib import Path

import pytest

from cdp.cli import main
from cdp.settings import settings
from cdp.store.database import Database

PAGE = Path(__file__).parents[2] / "docs" / "accounts.md"


def test_the_worked_example_runs_and_finds_the_people_it_says(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    page = PAGE.read_text("utf-8")
    for file, text in re.findall(r"^```\w+ file=(\S+)\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        place = tmp_path / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDP_DATABASE_URL", database.url)
    settings.cache_clear()
    (commands,) = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    said = {}
    for command in commands.splitlines():
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(command)[1:])
        told = capsys.readouterr()
        assert not ended.value.code, told.err
        said[command] = told.out
    (python,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    exec(compile(python, str(PAGE), "exec"), {})  # noqa: S102  our own page
    settings.cache_clear()
    people = next(out for command, out in said.items() if command.startswith("cdp icp people"))
    assert [name in people for name in ("Directrice", "DRH", "Head of People", "CFO")] == [
        True
    ] * 3 + [False]
    exported = (tmp_path / "wine-letter.csv").read_text("utf-8")
    assert {"anne@roux.example", "ida@chateau-medoc.example"} == set(
        re.findall(r"\S+@\S+?example", exported.replace(",", " "))
    )
