"""Personas: find them, write them, read their cards, and tell which one fits a visitor now."""

import difflib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from pydantic import TypeAdapter, ValidationError

from cdp.errors import InvalidRequest, PersonaNotFound, ProfileNotFound
from cdp.identity.refs import parsed, the_only
from cdp.model.persona import (
    Assigned,
    Card,
    Page,
    Persona,
    PersonaChanges,
    Situation,
    StatedPersona,
    Title,
    Validation,
)
from cdp.persona import cards, discovery, present, validation
from cdp.persona.assignment import assign_queued
from cdp.persona.changes import changes
from cdp.persona.discovery import Discovered
from cdp.persona.fitted import Fitted
from cdp.persona.in_force import InForce
from cdp.persona.renaming import readers, rename
from cdp.persona.stated import checked
from cdp.store.database import Database
from cdp.store.opened import OnStore
from cdp.store.persona import personas
from cdp.store.persona.situations import Visitor

SEED = 1
TITLE = TypeAdapter(Title)


class Personas(OnStore):
    """The personas of a store.

    `url` or `database` name it; without either the settings do. A version of the personas is read
    once and kept.
    """

    def __init__(self, url: str | None = None, *, database: Database | None = None) -> None:
        super().__init__(url, database=database)
        self.in_force = InForce(self._database)

    def discover(
        self,
        *,
        seed: int = SEED,
        now: datetime | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Discovered:
        """Look for personas among the people there are, write their cards and assign everybody."""
        moment = now or datetime.now(UTC)
        with self._database.transaction() as tx:
            found = discovery.run(tx, seed=seed, now=moment, progress=progress)
        self._settle(moment, progress)
        return found

    def define(
        self, stated: StatedPersona, *, by: str = "steward", now: datetime | None = None
    ) -> UUID:
        """Take in a hand-written persona, or a newer wording of the one of that name; its id.

        Raises InvalidRequest, UnknownTrait. Everybody is assigned anew.
        """
        moment = now or datetime.now(UTC)
        definition = checked(stated).model_dump(mode="json")
        with self._database.transaction() as tx:
            same = self._named(stated.name)
            if same and same["kind"] != "stated":
                raise InvalidRequest(
                    f"a discovered persona is called {stated.name!r}; choose another name"
                )
            if same:
                persona_id = same["persona_id"]
                personas.change(tx, persona_id, definition=definition)
            else:
                persona_id = personas.add(
                    tx, "stated", stated.name, definition=definition, by=by, now=moment
                )
            discovery.run(tx, seed=SEED, now=moment, anew=False)
        self._settle(moment)
        return persona_id

    def edit(
        self, persona: UUID | str, *, name: str | None = None, text: str | None = None
    ) -> Persona:
        """Give a persona another name, or another text on its card.

        Raises PersonaNotFound; InvalidRequest of a name that is none, or another's.
        """
        found = self._row(persona)
        name = name if name is None else _title(name)
        if name and (same := self._named(name)) and same["persona_id"] != found["persona_id"]:
            raise InvalidRequest(f"another persona is called {name!r}; choose another name")
        words = {} if text is None else {"text": text}
        with self._database.transaction() as tx:
            personas.change(tx, found["persona_id"], words=words)
            if name and name != found["name"]:
                rename(tx, found["persona_id"], found["name"], name, datetime.now(UTC))
        self.in_force.forget()
        return self.get(found["persona_id"])

    def retire(self, persona: UUID | str, *, now: datetime | None = None) -> None:
        """Take a persona away; everybody is assigned anew.

        Raises PersonaNotFound; InvalidRequest of one that was discovered, or that a segment reads.
        """
        moment = now or datetime.now(UTC)
        found = self._row(persona)
        if found["kind"] != "stated":
            raise InvalidRequest(
                f"{found['name']!r} was discovered; only hand-written personas are taken away"
            )
        with self._database.transaction() as tx:
            if read_by := readers(tx, [found["name"]]):
                raise InvalidRequest(
                    f"{', '.join(read_by)} would lose {found['name']!r}; "
                    "change or archive what reads it first"
                )
            personas.retire(tx, [found["persona_id"]], moment)
            discovery.run(tx, seed=SEED, now=moment, anew=False)
        self._settle(moment)

    def every(self) -> list[Persona]:
        """The personas there are: lasting ones first, then situations; most frequent first."""
        fitted = self.fitted()
        with self._database.autocommit() as connection:
            live, people = personas.live(connection), personas.people(connection)
            check = personas.last_check(connection)
        drifted = validation.drifted_at(check, fitted)
        shares = (
            dict(zip(fitted.situation.personas, fitted.situation.share, strict=True))
            if fitted
            else {}
        )
        everybody = max(sum(people.values()), 1)
        lasting = {str(uid): count / everybody for uid, count in people.items()}
        found = [
            Persona(
                persona_id=row["persona_id"], name=row["name"], kind=row["kind"],
                share=(shares | lasting).get(str(row["persona_id"])),
                people=people.get(row["persona_id"], 0),
                created_at=row["created_at"], drifted_at=drifted,
            )
            for row in live
        ]  # fmt: skip
        return sorted(found, key=lambda each: (each.kind == "situation", -each.people, each.name))

    def get(self, persona: UUID | str) -> Persona:
        """One of them, by id or name. Raises PersonaNotFound."""
        uid = self._row(persona)["persona_id"]
        return next(each for each in self.every() if each.persona_id == uid)

    def changes(
        self, persona: UUID | str, since: str | None = None, *, limit: int = 100
    ) -> PersonaChanges:
        """Who came into a persona or situation and left it since a cursor; ask with `next` again.

        Raises PersonaNotFound, InvalidRequest.
        """
        return changes(self._database, self._row(persona)["name"], since, limit)

    def situation(self, ref: UUID | str, *, at: datetime | None = None) -> Situation:
        """Which persona fits a profile now, or did at a time. Raises ProfileNotFound, InvalidRequest."""
        fitted, moment = self.in_force.get(), at or datetime.now(UTC)
        with self._database.autocommit() as connection:
            visitor = _visitor(connection, ref, moment)
        return present.situation(fitted, visitor, moment)

    def situations(self, ref: UUID | str, *, limit: int = 100) -> tuple[UUID, list[Assigned]]:
        """The profile's id, and what is on record of its situations, newest first.

        Raises ProfileNotFound.
        """
        with self._database.autocommit() as connection:
            profile_id = _visitor(connection, ref, datetime.now(UTC)).profile_id
            assert profile_id is not None  # noqa: S101  whoever is found here has landed
            return profile_id, present.on_record(connection, profile_id, limit)

    def page(
        self,
        ref: str,
        *,
        at: datetime | None = None,
        categories: int = 5,
        products: int = 10,
    ) -> Page:
        """What to show a visitor; one nobody knows is shown what is general.

        Raises ProfileNotFound for an id that was never given out, AmbiguousIdentifier.
        """
        fitted, moment = self.in_force.get(), at or datetime.now(UTC)
        with self._database.autocommit() as connection:
            named = parsed(connection, ref)
            found = present.visitors(connection, named, moment, bought=True)
        visitor = one_or_unknown(named, found)
        return present.page(fitted, visitor, moment, categories=categories, products=products)

    def card(self, persona: UUID | str) -> Card:
        """A persona's card. Raises PersonaNotFound."""
        row = self._row(persona)
        with self._database.autocommit() as connection:
            document = personas.card(connection, row["persona_id"])
            check = personas.last_check(connection)
        if document is None:
            raise PersonaNotFound(
                f"{row['name']!r} has no card yet: `cdp persona discover` writes it"
            )
        written = {
            "name": row["name"],
            "text": row["words"].get("text") or document.get("text", ""),
        }
        return Card.model_validate(
            cards.in_order(document) | written | {"drift": validation.drift_of(check, document)}
        )

    def validate(self, *, now: datetime | None = None) -> Validation:
        """Coverage, separation, stability, borders and drift against the people of now; kept."""
        moment = now or datetime.now(UTC)
        fitted = self.in_force.get()
        with self._database.transaction() as tx:
            found = validation.run(tx, fitted, moment)
            personas.put_check(tx, fitted.version, found.model_dump(mode="json"), moment)
        return found

    def fitted(self) -> Fitted | None:
        """The version in force; None before the first discovery or definition."""
        return self.in_force.find()

    def _settle(self, now: datetime, progress: Callable[[str], None] = lambda _: None) -> None:
        """After a new version: its cards, and everybody's persona."""
        self.in_force.forget()
        progress("assignment")
        assign_queued(self._database, now)
        progress("cards")
        with self._database.transaction() as tx:
            cards.write(tx, self.in_force.get(), now)

    def _row(self, persona: UUID | str) -> Mapping[str, Any]:
        with self._database.autocommit() as connection:
            live = personas.live(connection)
        names = {row["name"]: row for row in live} | {str(row["persona_id"]): row for row in live}
        if (found := names.get(str(persona))) is None:
            nearest = difflib.get_close_matches(str(persona), [row["name"] for row in live], n=1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
            raise PersonaNotFound(f"no persona is called {str(persona)!r}{hint}")
        return found

    def _named(self, name: str) -> Mapping[str, Any] | None:
        with self._database.autocommit() as connection:
            return next((row for row in personas.live(connection) if row["name"] == name), None)


def _title(name: str) -> str:
    try:
        return TITLE.validate_python(name)
    except ValidationError:
        raise InvalidRequest("a name has 1 to 120 letters, and not only spaces") from None


def _visitor(connection: psycopg.Connection, ref: UUID | str, at: datetime) -> Visitor:
    """The profile that `ref` names. Raises ProfileNotFound, AmbiguousIdentifier, InvalidRequest."""
    named = parsed(connection, ref)
    return the_one(named, present.visitors(connection, named, at))


def the_one(named: UUID | tuple[str, str], found: list[Visitor]) -> Visitor:
    """The only one of the visitors found by a normalised name. Raises ProfileNotFound, AmbiguousIdentifier."""
    if not isinstance(named, UUID):
        return the_only(named[0], found)
    if not found:
        raise ProfileNotFound(f"no profile answers to the id {named}; try `cdp profile search`")
    return found[0]


def one_or_unknown(named: UUID | tuple[str, str], found: list[Visitor]) -> Visitor | None:
    """The same; None where an identifier is one that nobody carries yet."""
    return None if not found and not isinstance(named, UUID) else the_one(named, found)
