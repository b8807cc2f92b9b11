"""A small town in the store: profiles with traits, events and links that change as a test goes on."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from cdp.store.database import Database
from tests.audience.oracle import Event, Person

START = datetime(2026, 3, 1, tzinfo=UTC)
TABLES = """event, source_record, channel, profile, derived_profile, unsegmented_profile, segment,
    profile_cell, cell_bitmap, cell_change, segment_due, record_membership, record_consent,
    profile_account, dimension, derive_parameters"""


def uid(number: int) -> UUID:
    """The id of a record, and of the profile that it is the oldest of."""
    return UUID(int=number)


@dataclass
class Town:
    """Records that hold events, and the profiles that they are at present grouped to."""

    database: Database
    traits: dict[UUID, dict[str, object]] = field(default_factory=dict)
    home: dict[UUID, UUID] = field(default_factory=dict)  # record to profile
    events: dict[UUID, list[Event]] = field(default_factory=dict)
    subjects: dict[UUID, str] = field(default_factory=dict)
    consents: dict[UUID, list[tuple[str, str, str]]] = field(default_factory=dict)
    memberships: dict[UUID, list[tuple]] = field(default_factory=dict)
    accounts: dict[UUID, list[tuple]] = field(default_factory=dict)
    happened: int = 0

    def open(self) -> "Town":
        """Empty the store and open the channel."""
        self._run(f"TRUNCATE {TABLES}")
        for channel, trust in (("shop", 50), ("till", 30)):
            self._run(
                "INSERT INTO channel VALUES (%s, 'person', 'x', %s, false, now())", channel, trust
            )
        self._run(
            "INSERT INTO derive_parameters VALUES (1, now(), %s, 0, 0)",
            json.dumps({"currency": {"reporting": "EUR", "rates": {}}}),
        )
        return self

    def settle(self, number: int, subject: str = "person", **traits: object) -> UUID:
        """A new profile with one record."""
        who = uid(number)
        self.home[who], self.subjects[who], self.events[who] = who, subject, []
        self._run(
            "INSERT INTO source_record VALUES (%s, 'shop', %s, %s, %s, now())",
            who, str(number), who, who,
        )  # fmt: skip
        self.derive(who, **traits)
        return who

    def shop_at_the_till(self, number: int, who: UUID) -> UUID:
        """A further record of a profile, of another and less trusted channel."""
        record = uid(number)
        self.home[record], self.events[record] = who, []
        self._run(
            "INSERT INTO source_record VALUES (%s, 'till', %s, %s, %s, now())",
            record, str(number), who, who,
        )  # fmt: skip
        return record

    def derive(self, who: UUID, **traits: object) -> None:
        """Conclude these traits of a profile."""
        self.traits[who] = traits
        self._run(
            """INSERT INTO derived_profile (profile_id, subject, traits, derived_at, parameters)
            VALUES (%s, %s, %s, now(), 1)
            ON CONFLICT (profile_id) DO UPDATE SET traits = excluded.traits""",
            who, self.subjects[who], json.dumps(traits),
        )  # fmt: skip
        self._queue(who)

    def happen(self, record: UUID, kind: str, at: datetime, **facts: object) -> None:
        """An event of a record."""
        self.happened += 1
        self.events[record].append(Event(kind, at, facts, self.happened))
        known = ("product", "category", "order_id", "amount", "quantity")
        columns = [facts.get(name) for name in known]
        rest = {name: value for name, value in facts.items() if name not in known}
        self._run(
            f"""INSERT INTO event (record_uid, event_id, occurred_at, kind, {", ".join(known)},
                currency, properties, recorded_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'EUR', %s, now())""",
            record, uid(10_000 + self.happened), at, kind, *columns, json.dumps(rest),
        )  # fmt: skip
        self._queue(self.home[record])

    def consent(self, who: UUID, purpose: str, medium: str, state: str) -> None:
        """A consent of a profile, as the fold concluded it."""
        self.consents[who] = [(purpose, medium, state)]
        self._run(
            """INSERT INTO record_consent (record_uid, purpose, medium, state, observed_at, recorded_at)
            VALUES (%s, %s, %s, %s, now(), now())""",
            who, purpose, medium, state,
        )  # fmt: skip
        body = {"consents": [{"purpose": purpose, "medium": medium, "state": state}]}
        self._run(
            "INSERT INTO profile VALUES (%s, 'person', 1, %s, '', now())", who, json.dumps(body)
        )
        self._queue(who)

    def join(self, who: UUID, organisation: str, since: object, until: object) -> None:
        """A membership of a record."""
        self.memberships.setdefault(who, []).append((organisation, since, until))
        self.happened += 1
        self._run(
            """INSERT INTO record_membership (record_uid, statement_id, organisation, since, until,
                recorded_at) VALUES (%s, %s, %s, %s, %s, now())""",
            who, uid(self.happened), organisation, since, until,
        )  # fmt: skip
        self._queue(self.home[who])

    def employ(self, who: UUID, company: UUID, role: str, until: object) -> None:
        """A person works for a company."""
        self.accounts.setdefault(who, []).append((company, role, until))
        self._run(
            """INSERT INTO profile_account (profile_id, account_id, role, until, function, level, rule)
            VALUES (%s, %s, %s, %s, 'it', 'staff', 'x')""",
            who, company, role, until,
        )  # fmt: skip
        self._queue(who)

    def merge(self, kept: UUID, gone: UUID) -> None:
        """Two profiles become one; the younger is no more."""
        records = [record for record, home in self.home.items() if home == gone]
        for record in records:
            self.home[record] = kept
        self._run(
            "UPDATE source_record SET profile_id = %s WHERE record_uid = ANY(%s)", kept, records
        )
        self._vanish(gone)
        self._queue(kept)

    def split(self, record: UUID) -> None:
        """A record is a profile of its own again."""
        former = self.home[record]
        self.home[record] = record
        self._run("UPDATE source_record SET profile_id = %s WHERE record_uid = %s", record, record)
        self._queue(former)
        self.derive(record, **self.traits[record])

    def people(self) -> list[Person]:
        """Everyone, with all that their records hold."""
        return [self.person(who) for who in sorted(set(self.home.values()))]

    def person(self, who: UUID) -> Person:
        """One profile."""
        records = [record for record, home in self.home.items() if home == who]
        return Person(
            who,
            self.traits[who],
            [event for record in records for event in self.events[record]],
            self.consents.get(who, []),
            [each for record in records for each in self.memberships.get(record, [])],
            [(self.person(c), role, until) for c, role, until in self.accounts.get(who, [])],
            self.subjects[who],
        )

    def _vanish(self, who: UUID) -> None:
        self._run(
            """WITH gone AS (DELETE FROM derived_profile WHERE profile_id = %s
                RETURNING profile_id, number)
            INSERT INTO unsegmented_profile (profile_id, number) SELECT profile_id, number FROM gone
            ON CONFLICT (profile_id) DO UPDATE SET number = excluded.number""",
            who,
        )

    def _queue(self, who: UUID) -> None:
        self._run(
            """INSERT INTO unsegmented_profile (profile_id)
            SELECT %s UNION SELECT profile_id FROM profile_account WHERE account_id = %s
            ON CONFLICT DO NOTHING""",
            who, who,
        )  # fmt: skip

    def _run(self, statement: str, *values: object) -> None:
        with self.database.autocommit() as connection:
            connection.execute(statement, values)  # pyright: ignore[reportArgumentType, reportCallIssue]
