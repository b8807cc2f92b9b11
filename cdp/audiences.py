"""The Python API of audiences: declared, sized, exported, suppressed, and measured."""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import UUID

from cdp.audience import effect as effects
from cdp.audience import fields as readable
from cdp.audience.crossing import bitmaps, numbers, size
from cdp.audience.encoding import encoded
from cdp.audience.handover import PEOPLE_AT_ONCE, Handover, rules_of
from cdp.audience.media import medium
from cdp.audience.vocabulary import check_purpose
from cdp.errors import AudienceNotFound, InvalidRequest
from cdp.identity.refs import parsed
from cdp.model.audience import (
    Audience,
    AudienceDeclaration,
    Effect,
    Export,
    Format,
    Reason,
    Size,
    Suppression,
)
from cdp.model.crossing import crossing, segment
from cdp.store.audience import audiences, exports
from cdp.store.opened import OnStore

FORMATS: tuple[Format, ...] = get_args(Format)
ORDERED = ("order", "order_line")


class Audiences(OnStore):
    """Whom to address: people of a segment or crossing who consented to a purpose and medium.

    `url`: as for `CustomerProfiles`. Consent and suppression always hold: nobody is exported who has
    not granted the purpose and medium by the strictest word of all their records, who is not to be
    contacted, or who cannot be reached. Every method raises StoreUnavailable when the database is
    away, and those that take a name AudienceNotFound, naming the nearest.
    """

    def declare(self, said: AudienceDeclaration, *, by: str = "library") -> Audience:
        """Make the audience of that name what is said; a new one where there is none.

        Raises InvalidRequest, UnknownTrait: a segment, cell, purpose, medium or field that is not known.
        """
        node = _node(said)
        medium(said.medium)
        with self._database.transaction() as tx:
            check_purpose(tx, said.purpose)
        fields = [field.name for field in readable.chosen(said.fields)]
        now = datetime.now(UTC)
        with self._database.autocommit() as connection:
            bitmaps(connection, [node], "person")
            if said.holdout:
                self._check_holdout(said, now)
            kept: dict[str, Any] = {
                "name": said.name,
                "description": said.description,
                "crossing": str(node),
                "purpose": said.purpose,
                "medium": said.medium,
                "fields": fields,
                "holdout": said.holdout.name if said.holdout else None,
            }
            if audiences.add(connection, at=now, by=by, **kept) is None:
                audiences.change(connection, **kept)
        return self.get(said.name)

    def every(self) -> list[Audience]:
        """The audiences, by name."""
        with self._database.autocommit() as connection:
            return [Audience.model_validate(row) for row in audiences.read(connection)]

    def get(self, name: str) -> Audience:
        """The audience called `name`."""
        with self._database.autocommit() as connection:
            found = audiences.read(connection, name)
            if not found:
                raise self._unknown(name, [row["name"] for row in audiences.read(connection)])
        return Audience.model_validate(found[0])

    def archive(self, name: str) -> None:
        """Put an audience away; its exports stay on record."""
        with self._database.autocommit() as connection:
            if not audiences.archive(connection, name, datetime.now(UTC)):
                raise self._unknown(name, [row["name"] for row in audiences.read(connection)])

    def size(self, name: str) -> Size:
        """How many may be addressed now, and why the others may not."""
        audience, now = self.get(name), datetime.now(UTC)
        rules, node = rules_of(self._database, audience, now), crossing(audience.crossing)
        told: Counter[str] = Counter()
        with self._database.autocommit() as connection:
            people = bitmaps(connection, [node], "person").evaluate(node)
            places = numbers(people)
            while some := list(islice(places, PEOPLE_AT_ONCE)):
                told.update(exports.counted(connection, rules, some))
        addressable, held_out = told.pop("addressable", 0), told.pop("held_out", 0)
        left_out: dict[Reason, int] = dict(told)  # pyright: ignore[reportAssignmentType]
        return Size(
            audience=name,
            crossing=size(people),
            addressable=addressable,
            held_out=held_out,
            left_out=left_out,
            as_of=now,
        )

    def export(
        self,
        name: str,
        path: Path | str,
        *,
        kind: Format | None = None,
        fields: Sequence[str] | None = None,
        by: str = "library",
    ) -> Export:
        """Write the people who may be addressed into a file, whole or not at all; what it came to.

        `kind`: default by the ending of `path`; `fields`: default those of the audience. Raises
        InvalidRequest, also where the file cannot be written, UnknownTrait.
        """
        place = Path(path)
        written = _format(kind or place.suffix.removeprefix("."))
        audience = self.get(name)
        handover = Handover(
            self._database, audience, written, target=place.name, by=by, fields=fields
        )
        try:
            if place.is_dir():
                raise InvalidRequest(f"{place} is a folder; name a file in it")
            place.parent.mkdir(parents=True, exist_ok=True)
            with handover:
                _write(handover, place, written)
        except OSError as error:
            raise InvalidRequest(f"{place} cannot be written: {error.strerror}") from None
        return handover.export

    def pieces(
        self,
        name: str,
        *,
        kind: Format = "csv",
        fields: Sequence[str] | None = None,
        by: str = "library",
        target: str = "download",
    ) -> tuple[UUID, Iterator[bytes]]:
        """The same as a stream: the id of the export, and its bytes as they are made.

        What is not read to its end is on record as failed.
        """
        written = _format(kind)
        audience = self.get(name)
        handover = Handover(self._database, audience, written, target=target, by=by, fields=fields)
        stream = _streamed(handover, written)
        next(stream)
        return handover.export_id, stream

    def exports(self, name: str | None = None, *, limit: int = 100) -> list[Export]:
        """What was handed on, newest first; of one audience or of all."""
        audience_id = self.get(name).audience_id if name else None
        with self._database.autocommit() as connection:
            found = exports.exports(connection, audience_id=audience_id, limit=limit)
        return [Export.model_validate(row) for row in found]

    def suppress(
        self,
        ref: str,
        *,
        reason: Literal["do_not_contact", "bounced"] = "do_not_contact",
        note: str = "",
        by: str = "library",
    ) -> Suppression:
        """Never write to who carries an identifier (`email:ann@example.com`), or not by it.

        do_not_contact: to nobody who carries it, by any medium; bounced: not at this address.
        Raises InvalidRequest, InvalidIdentifier.
        """
        with self._database.autocommit() as connection:
            namespace, value = _named(parsed(connection, ref))
            said = {
                "namespace": namespace,
                "value": value,
                "reason": reason,
                "note": note,
                "by": by,
            }
            found = audiences.suppress(connection, **said, at=datetime.now(UTC))
        return Suppression.model_validate(found)

    def lift(self, ref: str) -> None:
        """Take the suppressions of an identifier back. Raises InvalidRequest: there is none."""
        with self._database.autocommit() as connection:
            if not audiences.lift(connection, *_named(parsed(connection, ref))):
                raise InvalidRequest("that identifier is not suppressed")

    def suppressions(self, *, limit: int = 100) -> list[Suppression]:
        """What is suppressed, newest first."""
        with self._database.autocommit() as connection:
            found = audiences.suppressed(connection, limit)
        return [Suppression.model_validate(row) for row in found]

    def effect(
        self,
        name: str,
        *,
        kinds: Sequence[str] = ORDERED,
        within: timedelta = timedelta(days=14),
        products: Sequence[str] | None = None,
        categories: Sequence[str] | None = None,
        now: datetime | None = None,
    ) -> Effect:
        """How many of the addressed and of the held out did something within some time.

        What they did: an event of `kinds`, of these products or categories where they are named.
        """
        with self._database.autocommit() as connection:
            return effects.effect(
                connection,
                self.get(name),
                kinds=kinds,
                within=within,
                products=products,
                categories=categories,
                now=now or datetime.now(UTC),
            )

    def _check_holdout(self, said: AudienceDeclaration, now: datetime) -> None:
        assert said.holdout  # noqa: S101  the caller looked
        with self._database.autocommit() as connection:
            _, share = audiences.hold_out(connection, said.holdout.name, said.holdout.share, now)
        if share != said.holdout.share:
            raise InvalidRequest(
                f"the hold-out {said.holdout.name!r} keeps back {share:.0%} for ever, not "
                f"{said.holdout.share:.0%}; give that share, or another name"
            )

    @staticmethod
    def _unknown(name: str, known: Sequence[str]) -> AudienceNotFound:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "`cdp audience list` shows those there are"
        return AudienceNotFound(f"no audience is called {name!r}; {hint}")


def _node(said: AudienceDeclaration) -> Any:
    if (said.segment is None) == (said.crossing is None):
        raise InvalidRequest(
            f"the audience {said.name!r} needs a segment or a crossing, one of both"
        )
    return segment(said.segment) if said.segment else crossing(said.crossing or "")


def _format(said: str) -> Format:
    if said not in FORMATS:
        raise InvalidRequest(f"an export is written as {', '.join(FORMATS)}, not as {said!r}")
    return said


def _named(found: UUID | tuple[str, str]) -> tuple[str, str]:
    if isinstance(found, UUID):
        raise InvalidRequest(
            "suppress an identifier, namespace:value, such as email:ann@example.com"
        )
    return found


def _write(handover: Handover, place: Path, kind: Format) -> None:
    # Two exports into one file at once: the later whole one stays, none is mixed of both.
    part = place.with_name(f"{place.name}.{handover.export_id}.part")
    try:
        with part.open("wb") as file:
            for piece in encoded(handover.pages(), kind, handover.fields):
                file.write(handover.note(piece))
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def _streamed(handover: Handover, kind: Format) -> Iterator[bytes]:
    with handover:
        yield b""  # it has begun, and has an id
        for piece in encoded(handover.pages(), kind, handover.fields):
            yield handover.note(piece)
