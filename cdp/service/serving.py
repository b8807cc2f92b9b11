"""What the routes share: the profiles, the keys, their limits and the audit log."""

from datetime import UTC, datetime
from uuid import UUID

from cdp.accounts import Accounts
from cdp.audiences import Audiences
from cdp.crossings import Crossings
from cdp.identities import Identities
from cdp.personas import Personas
from cdp.privacy.audit import AuditLog
from cdp.privacy.keyring import Keyring
from cdp.privacy.limiter import Limiter
from cdp.profiles import CustomerProfiles
from cdp.segments import Segments
from cdp.service.arriving import Arriving
from cdp.service.lookup import Lookup
from cdp.service.webhooks import Courier
from cdp.store.audit import AuditEntry
from cdp.store.database import Database


class Serving:
    """One process's share in serving a store; threads but the courier's begin when they are needed.

    `workers`: processes that serve the same store, for the rate limits.
    """

    def __init__(self, database: Database, *, workers: int = 1) -> None:
        self.database = database
        self.profiles = CustomerProfiles(database=database)
        self.personas = Personas(database=database)
        self.arriving = Arriving()
        self.lookup = Lookup(database, self.personas.in_force, self.arriving)
        self.identities = Identities(database=database)
        self.accounts = Accounts(database=database)
        self.crossings = Crossings(database=database)
        self.audiences = Audiences(database=database)
        self.segments = Segments(database=database)
        self.keyring = Keyring(database)
        self.limiter = Limiter(workers)
        self.audit = AuditLog(database)
        self.courier = Courier(database)

    def start(self) -> None:
        """Begin to deliver webhooks."""
        self.courier.start()

    def close(self) -> None:
        """Write what waits and end the threads; the look-up is the event loop's to close, the database its owner's."""
        self.courier.stop()
        self.audit.close()
        self.keyring.close()


def entry(
    key_id: str, purpose: str | None, action: str, profile_id: UUID | None, request_id: UUID
) -> AuditEntry:
    """An audit entry of now."""
    return AuditEntry(datetime.now(UTC), key_id, purpose, action, profile_id, request_id)
