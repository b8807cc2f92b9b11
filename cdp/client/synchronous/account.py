"""Plain verbs of companies. Written by tests/client/twin.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cdp.client import areas
from cdp.client.calls import Ref
from cdp.client.synchronous.connection import Connection

if TYPE_CHECKING:
    from cdp.model.account import IcpPreview, Member, Relation
    from cdp.model.icp import Fit, Icp, IcpDefinition


class Account:
    """Companies: the verbs of `cdp.accounts.Accounts`. The author of a change is the key."""

    _connection: Connection

    def account_members(
        self,
        ref: Ref,
        *,
        functions: Sequence[str] | None = None,
        levels: Sequence[str] | None = None,
        with_left: bool = False,
        limit: int = 100,
    ) -> list[Member]:
        """Who belongs to a company, in some functions and levels; also who left, if asked."""
        return self._connection.do(
            areas.account.members(ref, functions, levels, limit, with_left=with_left)
        )

    def account_relations(self, ref: Ref) -> list[Relation]:
        """Parents and subsidiaries that are stated, and companies that may be of one group."""
        return self._connection.do(areas.account.relations(ref))

    def account_fit(self, ref: Ref, icp: str | None = None) -> list[Fit]:
        """How well a company fits each ideal customer profile, with every reason."""
        return self._connection.do(areas.account.fit(ref, icp))

    def icps(self) -> list[Icp]:
        """The ideal customer profiles in force, by name."""
        return self._connection.do(areas.account.icps())

    def icp(self, name: str) -> Icp:
        """One of them. Raises IcpNotFound."""
        return self._connection.do(areas.account.icp(name))

    def define_icp(self, name: str, definition: Mapping[str, Any]) -> Icp:
        """Put a profile in force, as the next version of its name. Raises InvalidRequest."""
        return self._connection.do(areas.account.define_icp(name, definition))

    def archive_icp(self, name: str) -> None:
        """Put a profile out of force. Raises IcpNotFound."""
        self._connection.do(areas.account.archive_icp(name))

    def preview_icp(self, name: str, definition: Mapping[str, Any]) -> IcpPreview:
        """How many companies a profile would fit how well; nothing is kept."""
        return self._connection.do(areas.account.preview_icp(name, definition))

    def learn_icp(self, name: str, **said: Any) -> IcpDefinition:
        """Learn a profile from won deals: won, among, traits, subject, keep. Raises NothingToLearn."""
        return self._connection.do(areas.account.learn_icp(name, **said))

    def fitting(self, icp: str, *, at_least: float = 0.0, limit: int = 100) -> list[Fit]:
        """The companies that fit best, with the reasons."""
        return self._connection.do(areas.account.fitting(icp, at_least, limit))

    def whom(
        self,
        icp: str,
        *,
        at_least: float = 70.0,
        functions: Sequence[str] | None = None,
        levels: Sequence[str] | None = None,
        limit: int = 100,
    ) -> list[Member]:
        """The people by role in the companies that fit, those of the best first."""
        return self._connection.do(areas.account.whom(icp, at_least, functions, levels, limit))
