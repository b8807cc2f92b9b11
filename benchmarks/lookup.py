"""Looking a profile up by an identifier, beside a prepared primary-key SELECT of the same bytes."""

import random
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from sqlalchemy import text

from benchmarks.machine import described, fresh_store
from cdp.profiles import CustomerProfiles
from cdp.store.database import Database

PROFILES = 1_000_000
LOOKUPS = 10_000
LIMIT = 2.0
SELECT = "SELECT body::text FROM profile WHERE profile_id = %s"

# Filled by SQL: this measures reading, and a million people take the road a quarter of an hour.
FILL = (
    "INSERT INTO channel VALUES ('crm', 'person', 'benchmark', 50, true, now())",
    "CREATE TEMP TABLE made AS SELECT i, uuidv7() AS uid FROM generate_series(1, CAST(:profiles AS int)) AS i",
    """INSERT INTO source_record (record_uid, channel, record_key, profile_id, component_id, recorded_at)
       SELECT uid, 'crm', 'c' || i, uid, uid, now() FROM made ORDER BY uid""",
    """INSERT INTO record_identifier (namespace, value, record_uid, observed_at, recorded_at)
       SELECT 'email', 'person' || i || '@example.com', uid, now(), now() FROM made ORDER BY 2""",
    """INSERT INTO profile (profile_id, subject, records, body, search_text, changed_at)
       SELECT uid, 'person', 1, jsonb_build_object(
           'profile_id', uid, 'subject', 'person', 'created_at', now(), 'records', 1,
           'channels', '["crm"]'::jsonb,
           'traits', jsonb_build_object(
               'name', jsonb_build_object('given', 'Given' || i % 1000, 'family', 'Family' || i % 9999),
               'birth_date', '1980-01-01', 'gender', 'f', 'marital_status', 'Married',
               'children', i % 4, 'occupation', 'Occupation ' || i % 50, 'income', i % 100000,
               'address', jsonb_build_object('street', i || ' Main Street', 'city', 'City ' || i % 300,
                                             'postcode', '12345', 'country', 'US')),
           'identifiers', jsonb_build_object('email', jsonb_build_array('person' || i || '@example.com')),
           'behaviour', jsonb_build_array(jsonb_build_object('kind', 'order', 'currency', 'USD',
               'events', 7, 'amount', 123.45, 'discount', 3.2, 'scores', 0, 'score', 0,
               'first_at', now(), 'last_at', now()))), '', now()
       FROM made ORDER BY uid""",
    "ANALYZE",
)
console = Console(width=110)


def fill(database: Database, profiles: int) -> None:
    """Have so many profiles in an empty store, `person1@example.com` and on."""
    with database.transaction() as tx:
        for statement in FILL:
            tx.execute(text(statement), {"profiles": profiles} if ":profiles" in statement else {})


def timed(call: Callable[[str], object], keys: Sequence[str]) -> list[float]:
    """Microseconds of each call, sorted."""
    spent = []
    for key in keys:
        started = time.perf_counter()
        call(key)
        spent.append((time.perf_counter() - started) * 1e6)
    return sorted(spent)


def measure(database: Database) -> tuple[list[float], list[float]]:
    """Microseconds of the bare SELECT and of the API for the same people, in turns."""
    profiles = CustomerProfiles(database=database)
    numbers = random.Random(1).sample(range(1, PROFILES + 1), LOOKUPS)  # noqa: S311  no secret
    mails = [f"person{number}@example.com" for number in numbers]
    bare: list[float] = []
    api: list[float] = []
    with database.autocommit() as connection:
        ids = [str(profiles.find(email=mail)[0].profile_id) for mail in mails]
        for start in range(0, LOOKUPS, 500):
            part = slice(start, start + 500)
            bare += timed(
                lambda key: connection.execute(SELECT, (key,), prepare=True).fetchone(), ids[part]
            )
            api += timed(lambda mail: profiles.find(email=mail), mails[part])
    return sorted(bare), sorted(api)


def main() -> None:
    """Print the figures of one run."""
    console.print(f"[bold]look-up by e-mail at {PROFILES:,} profiles[/bold]  ({described()})")
    with fresh_store() as database:
        fill(database, PROFILES)
        bare, api = measure(database)
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        floor, ours = (spent[int(share * LOOKUPS)] for spent in (bare, api))
        console.print(
            f"  {name}: SELECT by key {floor:6.0f} µs   find(email=...) {ours:6.0f} µs   "
            f"[bold]{ours / floor:.2f} x[/bold] (promised {LIMIT:.0f})"
        )


if __name__ == "__main__":
    main()
