"""Partial aggregates: what each record did, counted as its events land."""

import polars as pl
from sqlalchemy import Connection, text

from cdp.store import staging

ADD_AGGREGATES = """
INSERT INTO record_aggregate
    (record_uid, kind, currency, events, amount, discount, scores, score, first_at, last_at)
SELECT record_uid, kind, currency, events, amount, discount, scores, score, first_at, last_at
FROM landed_aggregate WHERE record_uid NOT IN (SELECT record_uid FROM revised_event)
ON CONFLICT (record_uid, kind, currency) DO UPDATE
    SET events = record_aggregate.events + excluded.events,
        amount = record_aggregate.amount + excluded.amount,
        discount = record_aggregate.discount + excluded.discount,
        scores = record_aggregate.scores + excluded.scores,
        score = record_aggregate.score + excluded.score,
        first_at = least(record_aggregate.first_at, excluded.first_at),
        last_at = greatest(record_aggregate.last_at, excluded.last_at)
"""

# A minimum cannot be taken back by subtraction: records with a corrected event are counted anew.
RECOUNT_REVISED = (
    "DELETE FROM record_aggregate WHERE record_uid IN (SELECT record_uid FROM revised_event)",
    """
INSERT INTO record_aggregate
    (record_uid, kind, currency, events, amount, discount, scores, score, first_at, last_at)
SELECT record_uid, kind, coalesce(currency, ''), count(*), coalesce(sum(amount), 0),
       coalesce(sum(discount), 0), count(score), coalesce(sum(score), 0), min(occurred_at),
       max(occurred_at)
FROM event WHERE record_uid IN (SELECT record_uid FROM revised_event)
GROUP BY record_uid, kind, coalesce(currency, '')
""",
)

TOUCH_COUNTED = """
INSERT INTO touched_record
SELECT record_uid, false FROM landed_aggregate
UNION SELECT record_uid, false FROM revised_event
"""

# Partial sums are drawn together when so many rows of them wait.
ROWS_AT_ONCE = 1_000_000
BY = ("record_uid", "kind", "currency")


class Tally:
    """The events that a transaction landed, counted per record, kind and currency."""

    def __init__(self) -> None:
        self.parts: list[pl.DataFrame] = []
        self.revised = 0  # events that were there before and are others now

    def add(self, events: pl.DataFrame) -> None:
        """Count these events, which are new to the store."""
        if not events.is_empty():
            self.parts.append(_counted(events))

    def include(self, other: "Tally") -> None:
        """Take over what another counted."""
        self.parts += other.parts
        self.revised += other.revised
        if sum(part.height for part in self.parts[1:]) > ROWS_AT_ONCE:
            self.parts = [_summed(self.parts)]

    def write(self, tx: Connection) -> None:
        """Add it all to the stored aggregates, and note the touched records.

        Records with a corrected event are counted anew: a minimum cannot be taken back.
        """
        if self.parts:
            staging.copy_in(tx, "landed_aggregate", _summed(self.parts).sort(BY))
            staging.analyze(tx, "revised_event")
            tx.execute(text(ADD_AGGREGATES))
        if self.revised:
            for statement in RECOUNT_REVISED:
                tx.execute(text(statement))
        if self.parts or self.revised:
            tx.execute(text(TOUCH_COUNTED))


def _counted(events: pl.DataFrame) -> pl.DataFrame:
    return events.group_by("record_uid", "kind", pl.col("currency").fill_null("")).agg(
        events=pl.len().cast(pl.Int64),
        amount=pl.col("amount").sum(),
        discount=pl.col("discount").sum(),
        scores=pl.col("score").count().cast(pl.Int64),
        score=pl.col("score").sum(),
        first_at=pl.col("occurred_at").min(),
        last_at=pl.col("occurred_at").max(),
    )


def _summed(parts: list[pl.DataFrame]) -> pl.DataFrame:
    if len(parts) == 1:
        return parts[0]
    sums = pl.col("events", "amount", "discount", "scores", "score").sum()
    ends = (pl.col("first_at").min(), pl.col("last_at").max())
    return pl.concat(parts).group_by(BY).agg(sums, *ends)
