"""The other commands: the store, its channels, reading them, and how commands end."""

import json
import subprocess
import sys
from importlib.metadata import version

import pytest
import yaml

from cdp.cli.logs import log, without_personal_data
from cdp.model.status import StoreStatus
from cdp.settings import settings
from tests.quarantine.world import CLUB, MEMBERS, declared

HEAVY = ("polars", "sqlalchemy", "pydantic", "psycopg", "structlog", "rich")


def in_a_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_help_loads_nothing_heavy():
    ran = in_a_process(
        "import sys, cdp.cli\n"
        "try: cdp.cli.main(['--help'])\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    assert (ran.returncode, ran.stderr) == (0, "[]\n")
    assert "quarantine" in ran.stdout


def run_as_a_command(body: str) -> subprocess.CompletedProcess[str]:
    """`cdp act`, where `act` does what `body` says."""
    return in_a_process(
        "import os, signal\nfrom cdp.cli import app, main\n"
        f"@app.app.command()\ndef act():\n    {body}\n"
        "main(['act'])"
    )


def test_ctrl_c_ends_with_130_and_no_traceback():
    ran = run_as_a_command("os.kill(os.getpid(), signal.SIGINT)")
    assert (ran.returncode, ran.stderr) == (130, "")


def test_ctrl_c_that_breaks_a_connection_is_no_error_of_the_database():
    ran = run_as_a_command(
        "from cdp.errors import StoreUnavailable\n"
        "    try:\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n        raise StoreUnavailable from None"
    )
    assert (ran.returncode, ran.stderr) == (130, "")


def test_an_error_that_nobody_expected_is_not_swallowed():
    ran = run_as_a_command("return 1 / 0")
    assert ran.returncode == 1
    assert "ZeroDivisionError" in ran.stderr


def test_version(cdp):
    assert cdp("version").out.strip() == version("cdp")


def test_migrate_is_repeatable_and_says_the_revision(cdp):
    first = cdp("migrate")
    assert "the schema is at revision" in first.out
    assert cdp("migrate") == first


def test_ingest_prints_what_became_of_each_channel(cdp):
    answer = cdp("ingest", "club")
    assert answer.code == 0, answer.err
    line = next(line for line in answer.out.splitlines() if line.startswith("club"))
    assert line.split()[:6] == ["club", "1", "0", "4", "2", "2"]
    assert "cdp quarantine list" in answer.out


def test_ingest_again_changes_nothing_and_says_so(cdp):
    cdp("ingest")
    assert "0 profiles changed; everything was known already" in cdp("ingest").out


def test_a_delivery_that_cannot_be_read_fails_the_run_and_spares_the_others(cdp, channels):
    declared(channels, "bad", CLUB, MEMBERS.replace("mail", "e-mail"))
    absent = CLUB | {"source": {"kind": "files", "path": "gone.csv"}}
    declared(channels, "gone", absent, MEMBERS)
    answer = cdp("ingest")
    assert answer.code == 1
    assert "cdp: channel 'bad': may.csv" in answer.err
    assert "cdp: channel 'gone'" in answer.err
    assert parsed_status(cdp).source_records == 2


def test_an_unknown_channel_names_the_nearest(cdp):
    answer = cdp("ingest", "clbu")
    assert answer.code == 1
    assert "did you mean 'club'?" in answer.err


def test_a_folder_without_declarations_says_which_setting_names_it(cdp, tmp_path):
    answer = cdp("ingest", "--channels", str(tmp_path / "nowhere"))
    assert answer.code == 1
    assert "CDP_CHANNELS" in answer.err


def parsed_status(cdp) -> StoreStatus:
    return StoreStatus.model_validate_json(cdp("status", "--json").out)


def test_status_is_readable_and_equals_the_api(cdp):
    cdp("ingest")
    (club,) = parsed_status(cdp).channels
    assert (club.rows_read, club.rows_accepted, club.open_quarantine) == (4, 2, 2)
    answer = cdp("status", "--events")
    assert "profiles              2" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 100


def test_no_database_is_one_line_that_says_what_to_check(cdp, environment):
    environment.setenv("CDP_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    settings.cache_clear()
    for arguments in (["status"], ["ingest"], ["quarantine", "list"], ["profile", "search", "ann"]):
        answer = cdp(*arguments)
        assert (answer.code, answer.out) == (1, "")
        assert "Check CDP_DATABASE_URL" in answer.err
        assert answer.err.count("\n") == 1


def test_an_empty_database_says_which_command_makes_its_schema(cdp, environment, server):
    environment.setenv("CDP_DATABASE_URL", server)
    settings.cache_clear()
    for arguments in (["status"], ["ingest"], ["quarantine", "list"]):
        answer = cdp(*arguments)
        assert answer.code == 1
        assert "run `cdp migrate`" in answer.err


def test_channels_are_listed(cdp):
    assert "club  person, files in/*.csv, on demand" in cdp("channel", "list").out
    (club,) = json.loads(cdp("channel", "list", "--json").out)
    assert club["channel"] == "club"


def test_check_shows_what_the_rows_of_a_sample_would_become(cdp, channels):
    sample = channels / "club" / "in" / "may.csv"
    answer = cdp("channel", "check", str(channels / "club"), "--sample", str(sample))
    assert answer.code == 1
    assert "4 rows of may.csv, 2 of them refused" in answer.out
    assert "1st of May" in answer.out
    assert "given Ann" in answer.out
    one = cdp(
        "channel", "check", str(channels / "club"), "--sample", str(sample), "--rows", "1", "--json"
    )
    assert one.code == 0
    assert json.loads(one.out)["identifiers"][0]["value"] == "ann@example.com"


def test_check_of_a_wrong_declaration_names_file_key_and_remedy(cdp, channels):
    file = channels / "club" / "defs.yaml"
    file.write_text(yaml.safe_dump({"attributes": CLUB | {"trsut": 5}}))
    answer = cdp("channel", "check", str(file))
    assert answer.code == 1
    assert "defs.yaml" in answer.err
    assert "trsut" in answer.err
    assert "trust" in answer.err


def test_check_without_a_sample_says_that_all_is_well(cdp, channels):
    assert "well declared" in cdp("channel", "check", str(channels / "club")).out


def test_a_missing_file_is_named(cdp, channels):
    answer = cdp("channel", "check", str(channels / "club"), "--sample", "none.csv")
    assert answer.code == 2
    assert "none.csv: there is no such file" in answer.err
    absent = cdp("channel", "check", "none.yaml")
    assert absent.code == 1
    assert "none.yaml: there is no such file" in absent.err


def test_the_schema_of_declarations_is_json(cdp):
    assert json.loads(cdp("channel", "schema").out)["type"] == "object"


def test_generate_writes_files_and_says_where(cdp, tmp_path):
    answer = cdp("generate", "--people", "50", "--seed", "3", "--out", str(tmp_path / "data"))
    assert answer.code == 0, answer.err
    assert (tmp_path / "data" / "truth" / "records.parquet").exists()
    assert "50 people, seed 3" in answer.out


@pytest.mark.parametrize(
    "arguments", [[], ["--people", "5", "--demo"], ["--demo", "--events", "9"]]
)
def test_generate_needs_either_people_or_the_demo(cdp, tmp_path, arguments):
    assert cdp("generate", "--out", str(tmp_path / "data"), *arguments).code == 2


def test_the_log_holds_ids_and_counts_only():
    entry = {"event": "landed", "channel": "crm", "records": 812, "email": "ann@example.com"}
    assert without_personal_data(None, "info", entry) == entry | {"email": "withheld"}


def test_verbose_logs_each_step_as_json(cdp):
    answer = cdp("--verbose", "ingest")
    log.close()
    entries = [json.loads(line) for line in answer.err.splitlines()]
    landed = next(entry for entry in entries if entry["event"] == "ingested")
    assert (landed["channel"], landed["read"], landed["quarantined"]) == ("club", 4, 2)
    assert "ann@example.com" not in answer.err
