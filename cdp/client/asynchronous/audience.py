"""Awaitable verbs of audiences."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from cdp.client import areas
from cdp.client.asynchronous.connection import AsyncConnection

if TYPE_CHECKING:
    from cdp.model.audience import (
        Audience,
        AudienceDeclaration,
        Effect,
        Export,
        Format,
        Size,
        Suppression,
    )

FORTNIGHT = timedelta(days=14)


class AsyncAudiences:
    """Whom to address: the verbs of `cdp.audiences.Audiences`. Consent always holds."""

    _connection: AsyncConnection

    async def audiences(self) -> list[Audience]:
        """The audiences, by name."""
        return await self._connection.do(areas.audience.audiences())

    async def audience(self, name: str) -> Audience:
        """One audience. Raises AudienceNotFound."""
        return await self._connection.do(areas.audience.audience(name))

    async def declare_audience(self, said: AudienceDeclaration) -> Audience:
        """Make the audience of that name what is said; a new one where there is none."""
        return await self._connection.do(areas.audience.declare(said))

    async def archive_audience(self, name: str) -> None:
        """Put an audience away; its exports stay on record."""
        await self._connection.do(areas.audience.archive(name))

    async def audience_size(self, name: str) -> Size:
        """How many may be addressed now, and why the others may not."""
        return await self._connection.do(areas.audience.size(name))

    async def export_audience(
        self, name: str, *, kind: Format = "csv", fields: Sequence[str] | None = None
    ) -> AsyncIterator[bytes]:
        """The people who may be addressed, as the pieces of a file; never repeated by itself."""
        async for piece in self._connection.pieces(areas.audience.export(name, kind, fields)):
            yield piece

    async def push_audience(
        self, name: str, webhook: UUID | str, *, fields: Sequence[str] | None = None
    ) -> Export:
        """Send the people who may be addressed to a webhook. Raises PushFailed."""
        return await self._connection.do(areas.audience.push(name, webhook, fields))

    async def audience_exports(self, name: str, *, limit: int = 100) -> list[Export]:
        """What was handed on of an audience, newest first."""
        return await self._connection.do(areas.audience.exports(name, limit))

    async def audience_effect(
        self,
        name: str,
        *,
        kinds: Sequence[str] | None = None,
        within: timedelta = FORTNIGHT,
        products: Sequence[str] | None = None,
        categories: Sequence[str] | None = None,
    ) -> Effect:
        """What the addressed did (default: ordered) in some time, beside those held out."""
        return await self._connection.do(
            areas.audience.effect(
                name, within, kinds=kinds, products=products, categories=categories
            )
        )

    async def suppress(
        self,
        identifier: str,
        *,
        reason: Literal["do_not_contact", "bounced"] = "do_not_contact",
        note: str = "",
    ) -> Suppression:
        """Never write to who carries an identifier; bounced: not at this address."""
        return await self._connection.do(areas.audience.suppress(identifier, reason, note))

    async def lift_suppression(self, identifier: str) -> None:
        """Take the suppressions of an identifier back."""
        await self._connection.do(areas.audience.lift(identifier))

    async def suppressions(self, *, limit: int = 100) -> list[Suppression]:
        """What is suppressed, newest first."""
        return await self._connection.do(areas.audience.suppressions(limit))
