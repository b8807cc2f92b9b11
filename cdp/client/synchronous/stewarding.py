"""Plain verbs of stewards. Written by tests/client/twin.py."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import JsonValue

from cdp.client import calls
from cdp.client.calls import Ref
from cdp.client.synchronous.connection import Connection
from cdp.model.answers import Rectification
from cdp.model.explanation import IdentityExplanation, WhyNot
from cdp.model.identity import Decided, Decision, LogEntry
from cdp.model.profile import Profile


class Stewarding:
    """What is decided: rectifications, and the verbs of `cdp.identities.Identities`.

    The author of a decision is the key.
    """

    _connection: Connection

    def rectify(self, ref: Ref, trait: str, value: JsonValue, *, reason: str) -> Profile:
        """Set a trait above what every source says. Raises UnknownTrait, InvalidRequest."""
        return self._connection.do(calls.rectify(ref, trait, value, reason))

    def withdraw_rectification(self, ref: Ref, trait: str) -> Profile:
        """Take a rectification back: the sources speak again."""
        return self._connection.do(calls.withdraw_rectification(ref, trait))

    def rectifications(self, ref: Ref) -> list[Rectification]:
        """What stewards said of a profile's traits, newest first."""
        return self._connection.do(calls.rectifications(ref))

    def link(self, a: Ref, b: Ref, *, reason: str) -> Decided:
        """Make two one person, above all limits and vetoes. Raises DecisionContradicted."""
        return self._connection.do(calls.decide("links", a, b, reason))

    def cannot_link(self, a: Ref, b: Ref, *, reason: str) -> Decided:
        """Keep two apart for ever, whatever they have in common. Raises DecisionContradicted."""
        return self._connection.do(calls.decide("cannot-links", a, b, reason))

    def detach(self, record: Ref, *, reason: str) -> Decided:
        """Take a record out of its profile and keep it apart from all others of it."""
        return self._connection.do(calls.detach(record, reason))

    def undo(self, merge: UUID | tuple[Ref, Ref], *, reason: str) -> Decided:
        """Undo a merge, by its entry in `log` or by the profile and what was merged into it."""
        return self._connection.do(calls.undo(merge, reason))

    def revoke(self, decision: UUID | str, *, reason: str) -> Decided:
        """Take a decision back. Raises DecisionNotFound."""
        return self._connection.do(calls.revoke(decision, reason))

    def decisions(
        self, about: Ref | None = None, *, revoked: bool = False, limit: int = 100
    ) -> Sequence[Decision]:
        """The decisions that stand, newest first; with `revoked` all."""
        return self._connection.do(calls.decisions(about, limit, revoked=revoked))

    def log(self, profile: Ref, *, limit: int = 1_000) -> Sequence[LogEntry]:
        """How a profile came to be: its merges, splits and refused links, newest first."""
        return self._connection.do(calls.log(profile, limit))

    def explain_identity(
        self, profile: Ref, a: Ref | None = None, b: Ref | None = None
    ) -> IdentityExplanation:
        """By what the records of a profile are one person; between two of them the path."""
        return self._connection.do(calls.explain_identity(profile, a, b))

    def why_not(self, a: Ref, b: Ref) -> WhyNot:
        """Why two records, or profiles, are not one person, with what the two say of each field."""
        return self._connection.do(calls.why_not(a, b))
