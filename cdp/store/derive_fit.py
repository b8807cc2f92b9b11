"""What fitting reads of the whole base."""

from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.derive import TAKE_MEMBERS

USUAL_CURRENCY = """
SELECT currency FROM record_aggregate WHERE currency <> ''
GROUP BY currency ORDER BY sum(events) DESC, currency LIMIT 1"""
# Of a large base a part that no one chose, the same at each fit.
SAMPLE = """
INSERT INTO deriving
SELECT row_number() OVER (), profile_id, false FROM (
    SELECT profile_id FROM profile WHERE subject = 'person'
    ORDER BY hashtextextended(profile_id::text, 0) LIMIT :most) AS sample"""


def usual_currency(tx: Connection) -> str | None:
    """The currency that most priced events are in; None: nothing has a price."""
    return tx.execute(text(USUAL_CURRENCY)).scalar_one_or_none()


def take_sample(tx: Connection, most: int = 100_000) -> None:
    """Put up to `most` persons into `deriving`, in place of what is there."""
    staging.prepare(tx)
    staging.truncate(tx, ("deriving", "deriving_record"))
    tx.execute(text(SAMPLE), {"most": most})
    tx.execute(text(TAKE_MEMBERS))
    staging.analyze(tx, most, "deriving", "deriving_record")
