"""The shared real files, brought into a store of their own by the channels declared beside this."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from cdp.channel.load import load_channel
from cdp.channel.spec import ChannelSpec
from cdp.ingest import IngestReport, ingest
from cdp.model.profile import Profile
from cdp.model.status import ChannelStatus, EventFigures, StoreStatus
from cdp.profile.fold import fold_stale_profiles
from cdp.profiles import CustomerProfiles
from cdp.settings import settings
from cdp.store.database import Database

HERE = Path(__file__).parent


def data_folder() -> Path:
    """Where the real files lie: `data` in CDP_SHARED, by default the project's neighbour `shared`."""
    shared = os.environ.get("CDP_SHARED")
    folder = (Path(shared) if shared else HERE.parents[2] / "shared") / "data"
    if not folder.is_dir():
        pytest.skip(f"the shared data is not in {folder}; name its place by CDP_SHARED")
    return folder


def declared(name: str) -> ChannelSpec:
    """The channel of that name."""
    return load_channel(HERE / "channels" / name)


@dataclass(frozen=True)
class Store:
    """What the channels of one test module brought in, as its readers see it."""

    database: Database
    data: Path
    reports: Mapping[str, IngestReport]
    profiles: CustomerProfiles
    status: StoreStatus

    def channel(self, name: str) -> ChannelStatus:
        """The figures of one channel."""
        return next(each for each in self.status.channels if each.channel == name)

    def figures(self, channel: str, kind: str) -> EventFigures:
        """The figures of one kind of event of a channel."""
        return next(each for each in self.channel(channel).events if each.kind == kind)

    def one(self, **identifier: str) -> Profile:
        """The only profile with that identifier."""
        (profile,) = self.profiles.find(**identifier)
        return profile

    def again(self) -> dict[str, tuple[int, int]]:
        """Deliveries that a second run lands and passes over, by channel."""
        reports = {name: ingest(self.database, declared(name)) for name in self.reports}
        return {name: (each.deliveries, each.passed_over) for name, each in reports.items()}

    def raw(self, file: str) -> pl.DataFrame:
        """A delivered file as it lies, all cells as text."""
        return pl.read_csv(self.data / file, infer_schema=False)


def amount(profile: Profile, kind: str) -> Decimal:
    """What the profile's events of one kind sum up to."""
    return sum((each.amount for each in profile.behaviour if each.kind == kind), Decimal(0))


def events(profile: Profile, kind: str) -> int:
    """How many events of one kind the profile has."""
    return sum(each.events for each in profile.behaviour if each.kind == kind)


@contextmanager
def store_of(
    channels: tuple[str, ...], new_database: Callable[[], AbstractContextManager[Database]]
) -> Iterator[Store]:
    """A store after these channels were ingested from the shared files and folded."""
    data = data_folder()
    with pytest.MonkeyPatch.context() as patch, new_database() as database:
        patch.setenv("CDP_DATA", str(data))
        patch.setenv("CDP_POLICY", str(HERE / "policy.yaml"))
        settings.cache_clear()
        reports = {name: ingest(database, declared(name)) for name in channels}
        fold_stale_profiles(database)
        profiles = CustomerProfiles(database=database)
        yield Store(database, data, reports, profiles, profiles.status())
    settings.cache_clear()
