"""Awaitable verbs of companies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cdp.client import areas
from cdp.client.asynchronous.connection import AsyncConnection
from cdp.client.calls import Ref

if TYPE_CHECKING:
    from cdp.model.account import IcpPreview, Member, Relation
    from cdp.model.icp import Fit, Icp, IcpDefinition


class AsyncAccount:
    """Companies: the verbs of `cdp.accounts.Accounts`. The author of a change is the key."""

    _connection: AsyncConnection

    async def account_members(
        self,
        ref: Ref,
        *,
        functions: Sequence[str] | None = None,
        levels: Sequence[str] | None = None,
        with_left: bool = False,
        limit: int = 100,
    ) -> list[Member]:
        """Who belongs to a company, in some functions and levels; also who left, if asked."""
        return await self._connection.do(
            areas.account.members(ref, functions, levels, limit, with_left=with_left)
        )

    async def account_relations(self, ref: Ref) -> list[Relation]:
        """Parents and subsidiaries that are stated, and companies that may be of one group."""
        return await self._connection.do(areas.account.relations(ref))

    async def account_fit(self, ref: Ref, icp: str | None = None) -> list[Fit]:
        """How well a company fits each ideal customer profile, with every reason."""
        return await self._connection.do(areas.account.fit(ref, icp))

    async def icps(self) -> list[Icp]:
        """The ideal customer profiles in force, by name."""
        return await self._connection.do(areas.account.icps())

    async def icp(self, name: str) -> Icp:
        """One of them. Raises IcpNotFound."""
        return await self._connection.do(areas.account.icp(name))

    async def define_icp(self, name: str, definition: Mapping[str, Any]) -> Icp:
        """Put a profile in force, as the next version of its name. Raises InvalidRequest."""
        return await self._connection.do(areas.account.define_icp(name, definition))

    async def archive_icp(self, name: str) -> None:
        """Put a profile out of force. Raises IcpNotFound."""
        await self._connection.do(areas.account.archive_icp(name))

    async def preview_icp(self, name: str, definition: Mapping[str, Any]) -> IcpPreview:
        """How many companies a profile would fit how well; nothing is kept."""
        return await self._connection.do(areas.account.preview_icp(name, definition))

    async def learn_icp(self, name: str, **said: Any) -> IcpDefinition:
        """Learn a profile from won deals: won, among, traits, subject, keep. Raises NothingToLearn."""
        return await self._connection.do(areas.account.learn_icp(name, **said))

    async def fitting(self, icp: str, *, at_least: float = 0.0, limit: int = 100) -> list[Fit]:
        """The companies that fit best, with the reasons."""
        return await self._connection.do(areas.account.fitting(icp, at_least, limit))

    async def whom(
        self,
        icp: str,
        *,
        at_least: float = 70.0,
        functions: Sequence[str] | None = None,
        levels: Sequence[str] | None = None,
        limit: int = 100,
    ) -> list[Member]:
        """The people by role in the companies that fit, those of the best first."""
        return await self._connection.do(
            areas.account.whom(icp, at_least, functions, levels, limit)
        )
