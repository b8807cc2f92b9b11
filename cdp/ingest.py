"""The road in: what a channel has to deliver is landed and resolved, each delivery once."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import polars as pl
from sqlalchemy import Connection

from cdp.channel.delivery import Delivery, FileDelivery, deliveries
from cdp.channel.reading import read
from cdp.channel.spec import ChannelSpec
from cdp.errors import ChannelError
from cdp.identity.companies.derived import derived_identifiers
from cdp.identity.identifiers.normalise import normalise
from cdp.identity.policy.declaration import IdentityPolicy, identity_policy
from cdp.identity.policy.live import live_or_first
from cdp.identity.resolve import Resolved, resolve
from cdp.model.batch import Batch
from cdp.settings import Settings, settings
from cdp.store.database import Database
from cdp.store.identity import graph as identity
from cdp.store.landing import events, ledger, quarantine
from cdp.store.landing import land as landing
from cdp.store.landing.aggregates import Tally
from cdp.store.landing.land import Delivered, Landed
from cdp.store.retry import retried

# Deliveries share a transaction up to this many rows: enough to resolve seldom, and small enough
# that a killed run repeats little.
ROWS_PER_TRANSACTION = 4_000_000
# One reads and maps while another lands; they meet only where it is decided who is who.
CHANNELS_AT_ONCE = 2


@dataclass
class IngestReport:
    """What one run of a channel did."""

    channel: str
    deliveries: int = 0
    passed_over: int = 0
    landed: Landed = field(default_factory=Landed)
    resolved: Resolved = field(default_factory=Resolved)
    identifiers: int = 0
    refused_identifiers: int = 0
    failures: list[ChannelError] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def spent(self, stage: str, since: float) -> None:
        """Add the time since `since` (of time.perf_counter) to a stage."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - since


def ingest(
    database: Database,
    spec: ChannelSpec,
    *,
    partitions: Iterable[str] | None = None,
    again: bool = False,
    progress: Callable[[str, int], None] = lambda _delivery, _rows: None,
) -> IngestReport:
    """Land everything the channel has that is not in the ledger; fold is a step of its own.

    `partitions` (ISO days) limits the run to those deliveries. `again` reads files anew that have
    landed, as after a mended declaration; what they said before does not count twice. `progress`
    is called with the name of a delivery and its rows read so far. A delivery that cannot be read as declared is rolled
    back alone and named in the report's failures; all others land.
    """
    report = IngestReport(spec.channel)
    days = set(partitions) if partitions else None
    waiting = _waiting(database, spec, days, report, again=again)
    while waiting:
        report, waiting = retried(
            partial(_landed, database, spec, report, waiting, progress, again=again)
        )
    return report


def _landed(
    database: Database,
    spec: ChannelSpec,
    before: IngestReport,
    waiting: Sequence[Delivery],
    progress: Callable[[str, int], None],
    *,
    again: bool,
) -> tuple[IngestReport, list[Delivery]]:
    """Land what one transaction takes: the report with it, and the deliveries that still wait.

    What is given stays as it is: where this gives way to another change, it is begun anew.
    """
    failures, seconds = list(before.failures), dict(before.seconds)
    report, rest, rows = replace(before, failures=failures, seconds=seconds), list(waiting), 0
    with database.transaction() as tx:
        road = Road(tx, spec, report, progress, again=again)
        while rest and rows < ROWS_PER_TRANSACTION:
            rows += road.take(rest.pop(0))
        road.resolve()
    return report, rest


def ingest_all(
    database: Database,
    specs: Sequence[ChannelSpec],
    *,
    progress: Callable[[str, str, int], None] = lambda _channel, _delivery, _rows: None,
) -> list[IngestReport]:
    """Ingest several channels, two at a time; the reports in the order of `specs`.

    A channel whose deliveries cannot even be listed has that as its only failure. `progress` is
    called with a channel, a delivery and its rows read so far.
    """

    def one(spec: ChannelSpec) -> IngestReport:
        try:
            return ingest(database, spec, progress=partial(progress, spec.channel))
        except ChannelError as error:
            return IngestReport(spec.channel, failures=[error])

    with ThreadPoolExecutor(CHANNELS_AT_ONCE) as pool:
        return list(pool.map(one, specs))


def _waiting(
    database: Database,
    spec: ChannelSpec,
    days: set[str] | None,
    report: IngestReport,
    *,
    again: bool,
) -> list[Delivery]:
    """The deliveries that by their names, sizes and times may say something new."""
    with database.transaction() as tx:
        ledger.declare_channel(
            tx,
            datetime.now(UTC),
            channel=spec.channel,
            subject=spec.subject,
            description=spec.description,
            trust=spec.trust,
            synthetic=spec.synthetic,
        )
        # Before the long transactions, so that two first channels need not wait for each other.
        live_or_first(tx, identity_policy(settings().policy))
        files = ledger.landed_files(tx, spec.channel)
        watermark = ledger.watermark(tx, spec.channel)
    found = []
    for delivery in deliveries(spec, settings(), watermark):
        if days is not None and delivery.partition not in days:
            continue
        is_known = isinstance(delivery, FileDelivery) and files.looks_known(
            delivery.name, delivery.size, delivery.mtime
        )
        if is_known and not again:
            report.passed_over += 1
        else:
            found.append(delivery)
    return found


class Landing:
    """One transaction's way of a channel's batches to resolved records: `land`, then `resolve`."""

    def __init__(
        self,
        tx: Connection,
        channel: str,
        report: IngestReport,
        progress: Callable[[str, int], None] = lambda _delivery, _rows: None,
        *,
        policy: IdentityPolicy | None = None,
        options: Settings | None = None,
    ) -> None:
        self.tx, self.report, self.progress = tx, report, progress
        self.options = options or settings()
        self.policy = policy or live_or_first(tx, identity_policy(self.options.policy)).policy
        self.tally = Tally()
        landing.begin(tx, channel)
        self.subject = ledger.subject(tx, channel)
        self.recorded_at = datetime.now(UTC)  # after the wait for the channel's lock

    def land(
        self, delivered: Delivered, batches: Iterable[Batch], *, redelivered: bool = False
    ) -> Landed:
        """Land what a delivery says; entering it into the ledger is the caller's."""
        total, tally = Landed(), Tally()
        for batch in batches:
            started = time.perf_counter()
            identifiers = self._normalised(batch)
            named = self._named(batch)
            self.report.spent("normalise", started)
            started = time.perf_counter()
            total += landing.land(
                self.tx, delivered, named, identifiers, tally, redelivered=redelivered
            )
            self.report.spent("land", started)
            self.progress(delivered.name, total.read)
        self.tally.include(tally)  # not before: a delivery lands as a whole or not at all
        self.report.landed += total
        return total

    def _normalised(self, batch: Batch) -> pl.DataFrame:
        """The batch's identifiers in the form that links: record_key, namespace, value, observed_at."""
        said = batch.identifiers
        if self.subject == "account":
            derived = derived_identifiers(batch.records.select("record_key", "content"))
            said = pl.concat([said, derived])
        judged = normalise(said, self.policy, self.options.default_region)
        times = batch.records.lazy().group_by("record_key").agg(pl.col("observed_at").min())
        told = judged.lazy().filter(pl.col("normalised").is_not_null())
        good = (
            told.join(times, on="record_key", how="left")
            .select("record_key", "namespace", pl.col("normalised").alias("value"), "observed_at")
            .collect()
        )
        self.report.identifiers += judged.height
        self.report.refused_identifiers += judged.height - good.height
        return good

    def _named(self, batch: Batch) -> Batch:
        """The batch with its companies named in the form in which their identifiers are kept."""
        if batch.accounts.is_empty():
            return batch
        said = batch.accounts.rename({"account_namespace": "namespace", "account_key": "value"})
        judged = normalise(said, self.policy, self.options.default_region)
        # What is no identifier is kept as it was said, and names no company.
        key = pl.coalesce("normalised", "value").alias("account_key")
        named = judged.with_columns(key, account_namespace="namespace")
        return replace(batch, accounts=named.select(batch.accounts.columns))

    def resolve(self) -> None:
        """Count events into the partial aggregates and decide who is who."""
        started = time.perf_counter()
        self.tally.write(self.tx)
        self.report.spent("aggregate", started)
        started = time.perf_counter()
        identity.lock(self.tx)
        self.report.spent("wait", started)
        started = time.perf_counter()
        self.report.resolved += resolve(self.tx, self.recorded_at, self.policy)
        self.report.spent("resolve", started)


class Road(Landing):
    """The way of a declared channel's deliveries: `take` or `land`, then `resolve`."""

    def __init__(
        self,
        tx: Connection,
        spec: ChannelSpec,
        report: IngestReport,
        progress: Callable[[str, int], None] = lambda _delivery, _rows: None,
        *,
        again: bool = False,
        policy: IdentityPolicy | None = None,
        options: Settings | None = None,
    ) -> None:
        super().__init__(tx, spec.channel, report, progress, policy=policy, options=options)
        self.spec, self.again = spec, again
        self.files = ledger.landed_files(tx, spec.channel)

    def take(self, delivery: Delivery) -> int:
        """Land one delivery, or nothing of it; the number of rows read."""
        if isinstance(delivery, FileDelivery) and self._is_old(delivery):
            self.report.passed_over += 1
            return 0
        savepoint = self.tx.begin_nested()
        try:
            landed = self._land(delivery)
        except ChannelError as error:
            savepoint.rollback()
            self.report.failures.append(error)
            return 0
        savepoint.commit()
        self.report.deliveries += 1
        return landed.read

    def _is_old(self, delivery: FileDelivery) -> bool:
        return not self.again and self.files.says_nothing_new(delivery.name, delivery.sha256)

    def _land(self, delivery: Delivery) -> Landed:
        delivered = Delivered(
            delivery_id=ledger.new_id(self.tx),
            channel=self.spec.channel,
            name=delivery.name,
            delivered_at=delivery.delivered_at,
            recorded_at=self.recorded_at,
        )
        earlier = self.files.recorded.get(delivery.name, [])
        if earlier:
            quarantine.supersede(self.tx, self.spec.channel, delivery.name, self.recorded_at)
        total = self.land(delivered, self._batches(delivery), redelivered=bool(earlier))
        if earlier:
            moved = events.take_back_moved(self.tx, self.spec.channel, earlier, self.recorded_at)
            self.tally.revised += moved
        facts = {"partition": delivery.partition, "watermark": delivery.watermark}
        if isinstance(delivery, FileDelivery):
            stamp = (delivery.sha256, delivery.size, delivery.mtime)
            facts |= dict(zip(("sha256", "size", "modified_at"), stamp, strict=True))
            self.files.add(delivery.name, *stamp, self.recorded_at)
        ledger.enter(self.tx, delivered, total, **facts)
        return total

    def _batches(self, delivery: Delivery) -> Iterator[Batch]:
        """The delivery's batches, the next one read while Postgres works on this one."""
        batches = read(self.spec, delivery)
        with ThreadPoolExecutor(1) as reader:
            upcoming = reader.submit(next, batches, None)
            while True:
                started = time.perf_counter()
                batch = upcoming.result()
                self.report.spent("read", started)
                if batch is None:
                    return
                upcoming = reader.submit(next, batches, None)
                yield batch
