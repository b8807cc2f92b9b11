"""The floor of any load: the same records and events by COPY alone, into tables without an index."""

import time
from dataclasses import dataclass

from sqlalchemy import Connection, text

from cdp.channel.delivery import deliveries
from cdp.channel.reading import read
from cdp.channel.spec import ChannelSpec
from cdp.settings import settings
from cdp.store import staging
from cdp.store.database import Database

TABLES = {
    "demo_record": "row bigint, record_key text, observed_at timestamptz, content jsonb",
    "demo_event": """record_key text, message_id text, kind text, occurred_at timestamptz,
        order_id text, product text, category text, quantity numeric, amount numeric,
        discount numeric, currency text, score float8, properties jsonb""",
}


@dataclass(frozen=True)
class RawCopy:
    """Rows copied, and the seconds that COPY took for them; reading the files is not counted."""

    records: int
    events: int
    seconds: float


def raw_copy(database: Database, specs: list[ChannelSpec]) -> RawCopy:
    """Copy the canonical records and events of `specs` into tables that are dropped afterwards."""
    records, events, seconds = 0, 0, 0.0
    with database.transaction() as tx:
        for table, columns in TABLES.items():
            tx.execute(text(f"CREATE TABLE {table} ({columns})"))
        for spec in specs:
            for delivery in deliveries(spec, settings()):
                for batch in read(spec, delivery):
                    started = time.perf_counter()
                    staging.copy_in(tx, "demo_record", batch.records)
                    staging.copy_in(tx, "demo_event", batch.events)
                    seconds += time.perf_counter() - started
                    records, events = records + batch.records.height, events + batch.events.height
        _drop(tx)
    return RawCopy(records, events, seconds)


def _drop(tx: Connection) -> None:
    for table in TABLES:
        tx.execute(text(f"DROP TABLE {table}"))
