"""The Python API of identity: decide, undo, explain and tune who is who."""

from collections.abc import Sequence
from uuid import UUID

from cdp.identity.explanation import explain
from cdp.identity.policy import preview, versions
from cdp.identity.policy.declaration import IdentityPolicy
from cdp.identity.steward import decisions, held, review
from cdp.model.explanation import (
    Held,
    IdentityExplanation,
    PolicyApplied,
    PolicyPreview,
    PolicyVersion,
    WhyNot,
)
from cdp.model.identity import Decided, Decision, LogEntry
from cdp.model.review import PairToReview
from cdp.store.opened import OnStore

Ref = decisions.Ref


class Identities(OnStore):
    """Who is who in one store, for stewards and data engineers.

    `url`: a SQLAlchemy URL; absent: `CDP_DATABASE_URL`, or the embedded server in `CDP_HOME`.

    A `Ref` names a record: its uid, the id of a profile (its oldest record), `namespace:value`,
    `channel:key` or (channel, key). Every decision needs `by` (who) and `reason` (why); it is one
    transaction, takes effect at once, also in the profiles that are read, and outlives every re-run,
    reload, model and change of policy, until it is revoked. Methods raise InvalidRequest,
    ProfileNotFound, DecisionNotFound, and DecisionContradicted where a decision that stands says
    the opposite; StoreConflict where other changes went first five times in a row.
    """

    def link(self, a: Ref, b: Ref, *, by: str, reason: str) -> Decided:
        """Make two records one person, above all limits and vetoes."""
        return decisions.link(self._database, a, b, by=by, reason=reason)

    def cannot_link(self, a: Ref, b: Ref, *, by: str, reason: str) -> Decided:
        """Keep two apart for ever, whatever they have in common.

        A profile named by its id stands for all records it has now; within one profile, and
        everywhere else, a ref stands for one record.
        """
        return decisions.cannot_link(self._database, a, b, by=by, reason=reason)

    def detach(self, record: Ref, *, by: str, reason: str) -> Decided:
        """Take a record out of its profile and keep it apart from all others of it."""
        return decisions.detach(self._database, record, by=by, reason=reason)

    def undo(self, merge: UUID | str | tuple[Ref, Ref], *, by: str, reason: str) -> Decided:
        """Undo a merge and see that it is not made again.

        `merge`: the id of its entry in `log`, or the profile and the one that was merged into it.
        Both have the records that they had just before, and their old ids; what has come since goes
        where its evidence leads. To take the undoing back, revoke the decision.
        """
        return decisions.undo(self._database, merge, by=by, reason=reason)

    def revoke(self, decision: UUID | str, *, by: str, reason: str) -> Decided:
        """Take a decision back: the evidence speaks again."""
        return decisions.revoke(self._database, decision, by=by, reason=reason)

    def decisions(
        self, about: Ref | None = None, *, revoked: bool = False, limit: int = 100
    ) -> Sequence[Decision]:
        """The decisions that stand, newest first; those on one profile; with `revoked` all."""
        return decisions.decisions(self._database, about, revoked=revoked, limit=limit)

    def log(self, profile: Ref, *, limit: int = 1_000) -> Sequence[LogEntry]:
        """How a profile came to be: its merges, splits and refused links, newest first."""
        return decisions.log(self._database, profile, limit=limit)

    def explain_identity(
        self, profile: UUID | str, a: UUID | str | None = None, b: UUID | str | None = None
    ) -> IdentityExplanation:
        """By what the records of a profile are one person; between two of them the path."""
        return explain.explain_identity(self._database, profile, a, b)

    def why_not(self, a: UUID | str, b: UUID | str) -> WhyNot:
        """Why two records, or profiles, are not one person."""
        return explain.why_not(self._database, a, b)

    def review(self, limit: int = 20) -> Sequence[PairToReview]:
        """The pairs of profiles that wait for a steward, first those that a decision changes most."""
        return review.review(self._database, limit)

    def decide(self, pair: PairToReview, *, same: bool, by: str, reason: str) -> Decided:
        """Say whether the two profiles of a pair of `review` are one person."""
        return review.decide(self._database, pair, same=same, by=by, reason=reason)

    def held(self, *, limit: int = 20) -> Held:
        """What the firewall holds back, and what is near its bounds."""
        return held.held(self._database, limit=limit)

    def preview(self, policy: IdentityPolicy, *, sample: int = 10) -> PolicyPreview:
        """What another policy would change; nothing is written."""
        return preview.preview(self._database, policy, sample=sample)

    def apply(self, policy: IdentityPolicy, *, by: str, note: str = "") -> PolicyApplied:
        """Put a policy live and decide anew by it."""
        return versions.apply(self._database, policy, by=by, note=note)

    def revert(self, *, by: str, note: str = "") -> PolicyApplied:
        """Take the live policy back, with all that it changed."""
        return versions.revert(self._database, by=by, note=note)

    def policies(self) -> Sequence[PolicyVersion]:
        """The versions of the policy, newest first."""
        return versions.versions(self._database)
