"""The Python API of companies: their people by role, ideal customer profiles, and who fits them."""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args
from uuid import UUID

import polars as pl

from cdp.account import icp as profiles
from cdp.account.roles import functions as known_functions
from cdp.account.roles import levels as known_levels
from cdp.audience import validate
from cdp.derive import icp as fitting
from cdp.errors import InvalidRequest, InvalidSegment, ProfileNotFound
from cdp.model.account import IcpPreview, Member, Relation
from cdp.model.expression import Condition, TraitIs, WorksFor
from cdp.model.icp import Fit, Icp, IcpDefinition, Subject
from cdp.model.profile import Profile
from cdp.profiles import CustomerProfiles
from cdp.store.account import accounts as store
from cdp.store.account import icp as icp_store
from cdp.store.database import Database
from cdp.store.opened import OnStore

MOST = 1_000


class Accounts(OnStore):
    """The companies of one store.

    `url`: as for `CustomerProfiles`. `ref` is an id, or `namespace:value` such as
    `company_domain:acme.com`. Every method raises StoreUnavailable when the database is away; those
    with a `ref` ProfileNotFound, AmbiguousIdentifier, InvalidRequest; those with the name of an
    ideal customer profile IcpNotFound.
    """

    def __init__(self, url: str | None = None, *, database: Database | None = None) -> None:
        super().__init__(url, database=database)
        self._profiles = CustomerProfiles(database=self._database)

    def get(self, ref: UUID | str) -> Profile:
        """The company."""
        found = self._profiles.get(ref)
        if found.subject != "account":
            raise ProfileNotFound("that is a person; read it as a profile")
        return found

    def find(self, **identifiers: str) -> list[Profile]:
        """The companies that carry all these identifiers: `find(company_domain="acme.com")`."""
        return [each for each in self._profiles.find(**identifiers) if each.subject == "account"]

    def search(self, words: str, *, limit: int = 20) -> list[Profile]:
        """Companies whose name, identifiers and city are like every one of `words`, best first."""
        found = self._profiles.search(words, limit=min(5 * limit, MOST))
        return [each for each in found if each.subject == "account"][:limit]

    def people(
        self,
        ref: UUID | str,
        *,
        functions: Sequence[str] | None = None,
        levels: Sequence[str] | None = None,
        with_left: bool = False,
        limit: int = 100,
    ) -> list[Member]:
        """Who belongs to a company, in some functions and levels; also who left, if asked."""
        account = self.get(ref).profile_id
        _check(functions, levels)
        with self._database.autocommit() as connection:
            found = store.members(
                connection,
                known_levels(),
                accounts=[account],
                functions=functions,
                levels=levels,
                with_left=with_left,
                limit=limit,
            )
        return [Member.model_validate(row) for row in found]

    def relations(self, ref: UUID | str, *, limit: int = 100) -> list[Relation]:
        """Parents and subsidiaries that sources state, and companies that may be of one group."""
        account = self.get(ref).profile_id
        with self._database.autocommit() as connection:
            found = store.relations(connection, account)
            found += store.proposed(connection, account, limit)
        return [Relation.model_validate(row) for row in found]

    def fit(self, ref: UUID | str, icp: str | None = None) -> list[Fit]:
        """How well a company (or a person, of a profile about persons) fits, with every reason.

        `icp`: one profile; None: each that is in force. As of the last conclusions on the company.
        """
        uid = self._profiles.get(ref).profile_id
        with self._database.autocommit() as connection:
            known = profiles.in_force(connection) if icp is None else [
                profiles.named(connection, icp)
            ]  # fmt: skip
            found = icp_store.traits(connection, uid)
        if found is None:
            raise ProfileNotFound("nothing is concluded of it yet; `cdp derive run` does so")
        return [_fit(each, found) for each in known if each.definition.subject == found["subject"]]

    def fitting(
        self, icp: str, *, at_least: float = 0.0, limit: int = 100, reasons: bool = True
    ) -> list[Fit]:
        """The companies that fit best, with the reasons; scores are of their last conclusions."""
        with self._database.autocommit() as connection:
            named = profiles.named(connection, icp)
            found = icp_store.fitting(
                connection,
                fit=f"{fitting.FIT}{icp}",
                subject=named.definition.subject,
                at_least=at_least,
                limit=limit,
            )
        return [_fit(named, row, reasons=reasons) for row in found]

    def whom(
        self,
        icp: str,
        *,
        at_least: float = 70.0,
        functions: Sequence[str] | None = None,
        levels: Sequence[str] | None = None,
        limit: int = 100,
    ) -> list[Member]:
        """The people by role in the companies that fit, those of the best first.

        Consent plays no part here: to write to them, save `segment(...)` and declare an audience on it.
        """
        _check(functions, levels)
        with self._database.autocommit() as connection:
            profiles.named(connection, icp)
            found = store.members(
                connection,
                known_levels(),
                functions=functions,
                levels=levels,
                fit=f"{fitting.FIT}{icp}",
                at_least=at_least,
                limit=limit,
            )
        return [Member.model_validate(row) for row in found]

    def segment(
        self,
        icp: str,
        *,
        at_least: float = 70.0,
        functions: Sequence[str] | None = None,
        levels: Sequence[str] | None = None,
    ) -> Condition:
        """The same people as a condition, to be saved as a segment and addressed as an audience."""
        _check(functions, levels)
        with self._database.autocommit() as connection:
            profiles.named(connection, icp)
        said: dict[str, Any] = {"account": TraitIs(trait=f"{fitting.FIT}{icp}", at_least=at_least)}
        for name, wanted in (("function", functions), ("level", levels)):
            if wanted:
                said[name] = list(wanted)
        return WorksFor.model_validate(said)

    def define_icp(
        self, definition: Mapping[str, Any] | IcpDefinition, *, by: str = "library", note: str = ""
    ) -> Icp:
        """Put an ideal customer profile in force: a new one, or the next version of its name.

        `{"name": ..., "criteria": [{"when": {"trait": ..., "is": ...}, "weight": 3}, ...]}`; the
        conditions are those of segments, over traits. Raises InvalidRequest, UnknownTrait.
        """
        checked = _checked(definition)
        with self._database.transaction() as tx:
            profiles.define(tx, checked, by=by, note=note)
        return self.icp(checked.name)

    def learn_icp(
        self,
        name: str,
        *,
        won: str = "deal_won",
        among: str | None = None,
        traits: Sequence[str] | None = None,
        subject: Subject = "account",
        description: str = "",
        by: str = "library",
        note: str = "",
        keep: bool = True,
    ) -> IcpDefinition:
        """Learn a profile from won deals, with a report; `keep` puts it in force.

        won: the kind of event that says so, of the company or of one of its people.
        among: candidates are those with an event of this kind; None: every company.
        traits: what may be read; None: sector, size, country, revenue, age and technology.
        Raises NothingToLearn where there is not enough data, UnknownTrait.
        """
        if subject not in get_args(Subject):
            raise InvalidRequest(
                f"an ideal customer profile is of {' or '.join(get_args(Subject))}, not of {subject!r}"
            )
        with self._database.transaction() as tx:
            found = profiles.learnt(
                tx,
                name,
                won=won,
                among=among,
                traits=traits,
                subject=subject,
                description=description,
            )
            if keep:
                profiles.define(tx, found, by=by, note=note)
        return found

    def preview_icp(self, definition: Mapping[str, Any] | IcpDefinition) -> IcpPreview:
        """What a profile would say of the companies there are; nothing is kept."""
        checked = _checked(definition)
        with self._database.transaction() as tx:
            scored = profiles.preview(tx, checked)
        tenth = (scored["score"] / 10).floor().clip(0, 9).cast(pl.Int64)
        counts = dict(tenth.value_counts().iter_rows())
        return IcpPreview(
            accounts=scored.height,
            by_tenth={f"{10 * n}-{10 * n + 10}": counts.get(n, 0) for n in range(10)},
            met=fitting.counted(scored, checked.criteria),
            unknown=fitting.unknown(scored, checked.criteria),
        )

    def archive_icp(self, name: str) -> None:
        """Put a profile out of force; its versions stay on record."""
        with self._database.transaction() as tx:
            profiles.archive(tx, name)

    def icps(self) -> list[Icp]:
        """The profiles in force, by name."""
        with self._database.autocommit() as connection:
            return profiles.in_force(connection)

    def icp(self, name: str) -> Icp:
        """The profile in force of that name."""
        with self._database.autocommit() as connection:
            return profiles.named(connection, name)

    def icp_versions(self, name: str) -> list[Icp]:
        """Every version of a profile, the latest first."""
        with self._database.autocommit() as connection:
            return profiles.versions(connection, name)


def _fit(icp: Icp, found: Mapping[str, Any], *, reasons: bool = True) -> Fit:
    definition, traits = icp.definition, found["traits"]
    row = pl.DataFrame({"traits": [json.dumps(traits)]})
    score, total = row.select(
        fitting.score(definition).alias("score"), fitting.weights(definition).alias("total")
    ).row(0)
    return Fit(
        account_id=found["profile_id"],
        name=traits.get("company_name"),
        icp=definition.name,
        version=icp.version,
        score=score,
        probability=fitting.probability(definition, total),
        reasons=fitting.reasons(definition, traits) if reasons else (),
    )


def _checked(said: Mapping[str, Any] | IcpDefinition) -> IcpDefinition:
    """The definition; its conditions must be what they would have to be in a segment."""
    definition = profiles.checked(said)
    for n, criterion in enumerate(definition.criteria):
        try:
            validate.checked(criterion.when, validate.Vocabulary())
        except InvalidSegment as error:
            raise InvalidRequest(f"criteria.{n}.when: {error}") from None
    return definition


def _check(functions: Sequence[str] | None, levels: Sequence[str] | None) -> None:
    for what, said, known in (
        ("function", functions, known_functions()),
        ("level", levels, known_levels()),
    ):
        for word in said or ():
            if word not in known:
                near = difflib.get_close_matches(word, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
                raise InvalidRequest(f"no {what} is called {word!r}; {hint}")
