"""Every error the store raises, as one tree.

CdpError
├── InvalidRequest               the caller asked for something that cannot be
│   ├── InvalidIdentifier        an identifier value that its namespace does not admit
│   ├── UnknownTrait             a trait the registry does not know
│   ├── InvalidSegment           a condition that cannot be: what, where, and what is meant perhaps
│   └── NothingToLearn           no records from which a model could be learnt
├── ProfileNotFound              no individual carries that identifier
├── AmbiguousIdentifier          several individuals carry it where one is meant
├── AccessRefused                the caller may not do that
│   ├── KeyRefused               no key, or one that is unknown, expired or revoked
│   ├── ScopeMissing             the key does not open this part, field or purpose
│   └── RateLimitExceeded        the key's requests a second are used up; try again
├── SegmentNotFound              no segment has that name
├── AudienceNotFound             no audience has that name
├── PersonaNotFound              no persona has that name or id
├── PushFailed                   a webhook did not take an audience
├── KeyNotFound                  no key has that id
├── WebhookNotFound              no webhook or delivery has that id
├── ChannelError                 a channel cannot be read as declared
│   ├── ChannelDeclarationError  the declaration itself is wrong
│   ├── ChannelContractError     the data broke the declared contract as a whole
│   └── DeliveryUnreadable       a file, table or page cannot be read at all
├── QuarantineNotFound           no quarantined row has that id
├── IcpNotFound                  no ideal customer profile has that name
├── DecisionNotFound             no decision has that id, no merge is on record
├── DecisionContradicted         a decision that stands says the opposite; revoke it first
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
    request_id: str | None = None  # of the answer that told it, where it came over HTTP

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


class InvalidSegment(InvalidRequest):
    """The condition is not valid; the message names the place in it and what is accepted."""

    code = "invalid_segment"


class NothingToLearn(InvalidRequest):
    """Too few records have anything in common to learn a model from; bring more records in."""

    code = "nothing_to_learn"


class ProfileNotFound(CdpError):
    """No individual carries that identifier; try `cdp profile search`."""

    code = "profile_not_found"


class AmbiguousIdentifier(CdpError):
    """Several individuals carry that identifier; use find, or the id of one of them."""

    code = "ambiguous_identifier"


class AccessRefused(CdpError):
    """The key does not allow that."""

    code = "access_refused"


class KeyRefused(AccessRefused):
    """No valid key was sent; `cdp key create` makes one."""

    code = "authentication_error"


class ScopeMissing(AccessRefused):
    """The key does not open this; `cdp key create --scope ...` makes one that does."""

    code = "scope_missing"


class RateLimitExceeded(AccessRefused):
    """The key's requests a second are used up; wait `retry_after` seconds and try again."""

    code = "rate_limit_error"

    def __init__(self, message: str | None = None, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class SegmentNotFound(CdpError):
    """No segment has that name; `cdp segment list` shows those there are."""

    code = "segment_not_found"


class AudienceNotFound(CdpError):
    """No audience has that name; `cdp audience list` shows those there are."""

    code = "audience_not_found"


class PushFailed(CdpError):
    """The webhook did not take a page of the audience; push it again once the receiver works."""

    code = "push_failed"


class PersonaNotFound(CdpError):
    """No persona has that name; `cdp persona list` shows those there are."""

    code = "persona_not_found"


class KeyNotFound(CdpError):
    """No key has that id; `cdp key list` shows those there are."""

    code = "key_not_found"


class WebhookNotFound(CdpError):
    """No webhook has that id; `cdp webhook list` shows those there are."""

    code = "webhook_not_found"


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


class IcpNotFound(CdpError):
    """No ideal customer profile in force has that name; `cdp icp list` shows those there are."""

    code = "icp_not_found"


class DecisionNotFound(CdpError):
    """No decision has that id; `cdp identity decisions` lists those there are."""

    code = "decision_not_found"


class DecisionContradicted(CdpError):
    """A decision that stands says the opposite; revoke it first."""

    code = "decision_contradicted"


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
