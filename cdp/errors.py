"""Every error the store raises, as one tree.

CdpError
├── InvalidRequest               the caller asked for something that cannot be
│   ├── InvalidIdentifier        an identifier value that its namespace does not admit
│   └── UnknownTrait             a trait the registry does not know
├── ProfileNotFound              no individual carries that identifier
├── ChannelError                 a channel cannot be read as declared
│   ├── ChannelDeclarationError  the declaration itself is wrong
│   ├── ChannelContractError     the data broke the declared contract as a whole
│   └── DeliveryUnreadable       a file, table or page cannot be read at all
├── QuarantineNotFound           no quarantined row has that id
└── StoreError                   the database refused or is away
    ├── StoreUnavailable         it cannot be reached; try again
    ├── StoreFull                it has no room; nothing was written
    ├── StoreConflict            two changes met; try again
    └── SchemaOutOfDate          its schema is not the one this version needs

The docstring of a class is its default message and says the way out.
"""

import inspect


class CdpError(Exception):
    """The customer profile store could not do that."""

    code = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)) or self.code)


class InvalidRequest(CdpError):
    """The request is not valid; the message names the value and what is accepted."""

    code = "invalid_request"


class InvalidIdentifier(InvalidRequest):
    """The identifier is not valid in its namespace; check its spelling."""

    code = "invalid_identifier"


class UnknownTrait(InvalidRequest):
    """No trait has that name; `cdp profile traits` lists those there are."""

    code = "unknown_trait"


class ProfileNotFound(CdpError):
    """No individual carries that identifier; try `cdp profile search`."""

    code = "profile_not_found"


class ChannelError(CdpError):
    """The channel cannot be read as declared."""

    code = "channel_error"


class ChannelDeclarationError(ChannelError):
    """The channel's declaration is wrong; mend the named key."""

    code = "channel_declaration"


class ChannelContractError(ChannelError):
    """The data does not keep the channel's contract; nothing of it was landed."""

    code = "channel_contract"


class DeliveryUnreadable(ChannelError):
    """The delivery cannot be read; nothing of it was landed. Have it sent again."""

    code = "delivery_unreadable"


class QuarantineNotFound(CdpError):
    """No quarantined row has that id; `cdp quarantine list` shows those there are."""

    code = "quarantine_not_found"


class StoreError(CdpError):
    """The database refused the change; nothing was written."""

    code = "store_error"


class StoreUnavailable(StoreError):
    """The database cannot be reached; nothing was written. Check CDP_DATABASE_URL and try again."""

    code = "store_unavailable"


class StoreFull(StoreError):
    """The database has no room left; nothing was written. Free some disk and run it again."""

    code = "store_full"


class StoreConflict(StoreError):
    """Two changes met and this one gave way; nothing of it was written. Run it again."""

    code = "store_conflict"


class SchemaOutOfDate(StoreError):
    """The database's schema is not the one this version needs; run `cdp migrate`."""

    code = "schema_out_of_date"
