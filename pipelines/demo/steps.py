"""The demo's work: have the data, find the channels that read it, run the job over them."""

from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from cdp.channel.delivery import deliveries
from cdp.channel.load import load_channels
from cdp.channel.sources import Files
from cdp.channel.spec import ChannelSpec
from cdp.errors import DeliveryUnreadable
from cdp.settings import settings
from pipelines.channel_asset import asset_key
from pipelines.conclusion_asset import CONCLUSION
from pipelines.definitions import CHANNELS, definitions
from pipelines.link_asset import PROBABLE_LINK
from pipelines.profile_asset import PROFILE
from pipelines.progress import watchers

UNITS = {"profile": "profiles", "probable_link": "pairs", "conclusion": "profiles"}
WHOLE = (PROBABLE_LINK, PROFILE, CONCLUSION)  # assets over all channels, in their order
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def data(console: Console, folder: Path, seed: int) -> None:
    """Have the demo's files in `folder`; generated files appear whole or not at all."""
    if folder.exists():
        return
    from cdp.generate import generate_demo  # noqa: PLC0415  word lists are slow to load

    unfinished = folder.with_name(f"{folder.name}.unfinished")
    with console.status("writing the demo's data: real sales, invented people"):
        made = generate_demo(unfinished, seed)
    unfinished.rename(folder)
    console.print(
        f"Wrote {folder}: native Complete Journey files of {made.people:,} people, and generated "
        "channels of the same people (marked synthetic)."
    )


def demo_channels() -> list[ChannelSpec]:
    """The declared channels that have something to read in the demo's data."""
    return [spec for spec in load_channels(CHANNELS) if _reads_data(spec)]


def _reads_data(spec: ChannelSpec) -> bool:
    if not isinstance(spec.source, Files) or not spec.source.path.startswith("{data}/"):
        return False
    try:
        return next(iter(deliveries(spec, settings())), None) is not None
    except DeliveryUnreadable:
        return False


def run(console: Console, specs: list[ChannelSpec]) -> dg.ExecuteInProcessResult:
    """The job `customer_profiles` over these channels, with live progress."""
    job = definitions().resolve_job_def("customer_profiles")
    wanted = [*(asset_key(spec.channel) for spec in specs), *WHOLE]
    view = LiveView(console)
    watchers.append(view.update)
    try:
        with dg.DagsterInstance.get() as instance, view.progress:
            return job.execute_in_process(
                run_config=QUIET, instance=instance, asset_selection=wanted, raise_on_error=False
            )
    finally:
        watchers.remove(view.update)


class LiveView:
    """One line per channel while it runs; where no terminal is, one line as it begins."""

    def __init__(self, console: Console) -> None:
        self.progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<18}"),
            TextColumn("{task.completed:>12,.0f}"),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._console = console
        self._tasks: dict[str, TaskID] = {}

    def update(self, asset: str, rows: int) -> None:
        """Show that `asset` has taken in `rows`; it is the one that runs now."""
        if asset not in self._tasks:
            self._begin(asset)
        self.progress.update(self._tasks[asset], completed=rows)

    def _begin(self, asset: str) -> None:
        for task in self._tasks.values():
            self.progress.update(task, total=0)
        unit = UNITS.get(asset, "rows")
        self._tasks[asset] = self.progress.add_task(asset, total=None, unit=unit)
        if not self._console.is_terminal:
            self._console.print(f"  {asset} …")
