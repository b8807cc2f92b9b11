"""One command from nothing to profiles: data, schema, the Dagster job, the figures, one profile."""

import os
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEED = 1


def _defaults() -> None:
    """Where the demo lives unless the environment says otherwise: in this folder."""
    os.environ.setdefault("CDP_HOME", str(ROOT / ".cdp"))
    os.environ.setdefault("CDP_DATA", str(ROOT / "data" / "demo"))
    os.environ.setdefault("DAGSTER_HOME", str(Path(os.environ["CDP_HOME"]) / "dagster"))


def _dagster_home() -> None:
    home = Path(os.environ["DAGSTER_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "deploy" / "local" / "dagster.yaml", home / "dagster.yaml")


def main() -> int:
    """Run the demo; 1 if a channel failed."""
    started = time.perf_counter()
    _defaults()
    # After the defaults: these read the environment.
    from cdp.cli.render import render_profile  # noqa: PLC0415
    from cdp.crossings import Crossings  # noqa: PLC0415
    from cdp.personas import Personas  # noqa: PLC0415
    from cdp.profiles import CustomerProfiles  # noqa: PLC0415
    from cdp.store.database import Database  # noqa: PLC0415
    from cdp.store.figures import best_known_profile  # noqa: PLC0415
    from cdp.store.schema import migrate  # noqa: PLC0415
    from pipelines.demo import floor, report, steps  # noqa: PLC0415

    console = report.console
    _dagster_home()
    steps.data(console, Path(os.environ["CDP_DATA"]), SEED)
    database = Database()
    with console.status("starting PostgreSQL"):
        migrate(database)
    specs = steps.demo_channels()
    result = steps.run(console, specs)
    if not result.success:
        report.failures(result)
        return 1
    runs = report.runs_of(result)
    profiles = CustomerProfiles(database=database)
    report.channels(runs, profiles.status())
    if report.changed_nothing(runs):
        report.unchanged(runs)
    else:
        with console.status("measuring a raw COPY of the same rows"):
            raw = floor.raw_copy(database, specs)
        report.stages(runs, raw)
        report.linked(runs)
    report.concluded(runs, Crossings(database=database))
    report.personas(Personas(database=database))
    report.one_profile()
    shown = profiles.get(best_known_profile(database))
    render_profile(shown, console)
    report.next_steps(shown, time.perf_counter() - started)
    database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
