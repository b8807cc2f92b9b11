"""An audience handed on: judged person by person, written down before anything leaves, and counted."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from types import TracebackType
from typing import Literal, Self

import polars as pl
from sqlalchemy import text

from cdp.audience import fields as readable
from cdp.audience.base import defined
from cdp.audience.crossing import bitmaps, numbers
from cdp.audience.encoding import DOCUMENT, header
from cdp.audience.faulty import faults
from cdp.audience.media import medium
from cdp.errors import InvalidRequest
from cdp.model.audience import Audience, Export
from cdp.model.crossing import crossing, segments_of
from cdp.store.audience import audiences, exports
from cdp.store.audience.exports import Rules
from cdp.store.database import Database, driver

PEOPLE_AT_ONCE = 5_000
Kind = Literal["csv", "parquet", "jsonl", "webhook"]


def rules_of(database: Database, audience: Audience, now: datetime) -> Rules:
    """By what the people of an audience are judged. Raises InvalidRequest: its segment has a fault."""
    with database.transaction() as tx:
        faulty = faults(defined(tx))
    for name in faulty.keys() & segments_of(crossing(audience.crossing)):
        raise InvalidRequest(
            f"segment {name!r} is not kept up ({faulty[name]}); save it anew first"
        )
    by = medium(audience.medium)
    key, share = None, 0.0
    if audience.holdout:
        with database.autocommit() as connection:
            kept = audience.holdout
            key, share = audiences.hold_out(connection, kept.name, kept.share, now)
    return Rules(
        audience.purpose, audience.medium, by.namespaces, by.address, by.bounced, by.reached, key, share
    )  # fmt: skip


class Handover:
    """One export from its beginning to its end.

    Used as a context: `pages()` gives the people who may be addressed; `note()` takes the bytes that
    are handed on; leaving it writes down that it is done, or that it failed. All people are read as
    they were at one moment.
    """

    def __init__(
        self,
        database: Database,
        audience: Audience,
        kind: Kind,
        *,
        target: str,
        by: str,
        fields: Sequence[str] | None = None,
        people_at_once: int = PEOPLE_AT_ONCE,
    ) -> None:
        names = audience.fields if fields is None else fields
        self.fields = readable.chosen(names)
        self.audience, self.kind, self.target, self.by = audience, kind, target, by
        self.node = crossing(audience.crossing)
        self._database, self._at_once = database, people_at_once
        self._people = self._bytes = 0
        self._held_out = 0
        self._left_out: Counter[str] = Counter()
        self._digest = sha256()

    def __enter__(self) -> Self:
        self.as_of = datetime.now(UTC)
        self._rules = rules_of(self._database, self.audience, self.as_of)
        with self._database.transaction() as tx:
            self.export_id = exports.start(
                tx,
                audience_id=self.audience.audience_id,
                purpose=self.audience.purpose,
                medium=self.audience.medium,
                crossing=self.audience.crossing,
                format=self.kind,
                target=self.target,
                fields=[field.name for field in self.fields],
                by=self.by,
                as_of=self.as_of,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._database.transaction() as tx:
            exports.end(
                tx,
                export_id=self.export_id,
                state="failed" if kind else "done",
                at=datetime.now(UTC),
                people=self._people,
                held_out=self._held_out,
                left_out=self._left_out,
                bytes=self._bytes,
                sha256=self._digest.hexdigest(),
            )

    def note(self, data: bytes) -> bytes:
        """Count bytes that are handed on, in their order; gives them back."""
        self._digest.update(data)
        self._bytes += len(data)
        return data

    def pages(self) -> Iterator[pl.DataFrame]:
        """The people who may be addressed: texts by column, or one column of JSON `document`s.

        Each page is written down, durably, before it is given.
        """
        documents = self.kind in ("jsonl", "webhook")
        names = [DOCUMENT] if documents else header(self.fields)[1:]
        schema = dict.fromkeys(("profile_id", "reason"), pl.String()) | {"held_out": pl.Boolean()}
        schema |= dict.fromkeys(names, pl.String())
        with self._database.transaction() as tx:
            tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            read = bitmaps(driver(tx), [self.node], "person")
            places = numbers(read.evaluate(self.node))
            while some := list(islice(places, self._at_once)):
                found = exports.judged(
                    tx,
                    self._rules,
                    some,
                    self.fields,
                    documents=documents,
                    of_texts=self.kind == "parquet",
                    now=self.as_of,
                )
                page = self._written_down(pl.DataFrame(found, schema=schema, orient="row"))
                if page.height:
                    yield page

    def _written_down(self, page: pl.DataFrame) -> pl.DataFrame:
        may = page.filter(pl.col("reason").is_null())
        for reason, people in page["reason"].drop_nulls().value_counts().iter_rows():
            self._left_out[reason] += people
        arms = pl.when("held_out").then(pl.lit("held_out")).otherwise(pl.lit("addressed"))
        with self._database.transaction() as tx:
            exports.contacted(
                tx,
                export_id=self.export_id,
                people=may.select("profile_id", arms).rows(),
                at=self.as_of,
                by=self.by.removeprefix("key "),  # the audit log names keys by their id alone
                purpose=self.audience.purpose,
            )
        addressed = may.filter(~pl.col("held_out")).drop("reason", "held_out")
        self._people += addressed.height
        self._held_out += may.height - addressed.height
        return addressed

    @property
    def export(self) -> Export:
        """What is on record of it."""
        with self._database.autocommit() as connection:
            (found,) = exports.exports(connection, export_id=self.export_id)
        return Export.model_validate(found)
