"""Folded profiles on their way to what is concluded from them."""

from sqlalchemy import Connection, text

from cdp.store import staging

# `folding` has the profiles at hand. One that waits already gets a new version of its row: who took
# the old one leaves this one.
QUEUES = (
    """
INSERT INTO unlinked_profile SELECT profile_id FROM folding ORDER BY profile_id
ON CONFLICT (profile_id) DO UPDATE SET profile_id = excluded.profile_id""",
    """
INSERT INTO underived_profile (profile_id, folded)
SELECT profile_id, true FROM folding ORDER BY profile_id
ON CONFLICT (profile_id) DO UPDATE SET folded = true""",
)
NOTE = "INSERT INTO folded_profile SELECT profile_id FROM folding"
TAKE = """
WITH taken AS (DELETE FROM folded_profile RETURNING profile_id)
INSERT INTO folding (n, profile_id)
SELECT row_number() OVER (), profile_id FROM (SELECT DISTINCT profile_id FROM taken) AS once"""


def queue(tx: Connection) -> None:
    """Queue the profiles at hand for the stages; waits for who is concluding on one of them.

    In the order of the stages: who links may queue for the next one, too.
    """
    for queued in QUEUES:
        tx.execute(text(queued))


def note(tx: Connection) -> None:
    """Note the profiles at hand for `hand_on`; waits for nobody."""
    tx.execute(text(NOTE))


def hand_on(tx: Connection) -> int:
    """Queue the profiles that were noted; how many."""
    staging.prepare(tx)
    taken = tx.execute(text(TAKE)).rowcount
    if taken:
        queue(tx)
    return taken
