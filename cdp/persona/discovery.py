"""Discovery: personas from the store's own people and sessions, under ids that last."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
from scipy.optimize import linear_sum_assignment
from sqlalchemy import Connection

from cdp.derive.registry import computed_traits, known_traits
from cdp.model.persona import StatedPersona
from cdp.model.profile import Demographics, Geography
from cdp.persona import figures, naming
from cdp.persona import stated as by_hand
from cdp.persona.assignment import fitted_in_force
from cdp.persona.features import LEAST_SUPPORT, Feature, Part, Trait, described, features
from cdp.persona.fitted import Fitted, Written, as_document, discovered, typed
from cdp.persona.mixture import Mixture, Tried, discover, matched
from cdp.persona.model import Lasting, Stated, learn
from cdp.persona.situation import SituationModel
from cdp.store import personas, situations
from cdp.store.database import driver

SAMPLE = 50_000  # persons
FEWEST = 200  # persons among whom personas are looked for
WITH_EVENTS = 15_000  # persons whose sessions are learnt from
SAME_SITUATION = (
    0.7  # affinity (Bhattacharyya) of signals from which on a situation is the former one
)
# Families of computed traits, and the part of a card that they are told in.
FAMILIES: Mapping[str, Part] = {
    "affinity": "affinities", "complements": "affinities", "arrivals": "affinities", "browsing": "affinities",
    "social": "psychographics", "channels": "channels", "engagement": "channels",
    "sentiment": "sentiment", "purchases": "behaviour", "lifecycle": "behaviour",
    "rfm": "behaviour", "discounts": "behaviour", "orders": "behaviour", "prediction": "behaviour",
}  # fmt: skip
PARTS = (
    (Demographics.model_fields, "demographics"),
    (Geography.model_fields, "geography"),
)
USABLE = frozenset({"category", "boolean", "integer", "number", "money", "string"})
# Of a person, not of a kind of person.
PARTICULAR = frozenset(
    {"address.street", "address.postcode", "location", "birth_date", "job_title"}
)


@dataclass(frozen=True)
class Discovered:
    """What discovery found."""

    version: int
    personas: int
    situations: int
    tried: Sequence[Tried]
    new: int
    kept: int


def run(
    tx: Connection,
    *,
    seed: int,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
    anew: bool = True,
) -> Discovered:
    """Look for personas and situations and put them in force, in the caller's transaction.

    Without `anew` the individuals' personas stay as they are, only what is stated by hand is taken
    in. Everybody waits to be assigned afterwards.
    """
    former = fitted_in_force(tx)
    live = personas.live(driver(tx))
    written = {
        row["persona_id"]: StatedPersona(**row["definition"]) for row in live if row["definition"]
    }
    progress("sample")
    drawn = personas.sample(tx, SAMPLE, seed)
    declared = [*declared_traits(), *_free_traits(tx, drawn)]
    people = personas.traits(tx, _read(declared, written.values()))
    types = {each.name: each.type for each in declared}
    progress("personas")
    chosen, mixture, tried = _mixture(typed(people, types), declared, former, seed, anew=anew)
    belongs = discovered(mixture, chosen, typed(people, types))
    lasting = [(uid, each) for uid, each in written.items() if each.who]
    held = [by_hand.holds(people, each.who) for _, each in lasting]
    draft = Fitted(
        version=0, fitted_at=now, names={}, situation=_unlearnt(belongs.shape[1] + len(lasting)),
        features=chosen, mixture=mixture, types=types, categories={}, report={},
        written=[Written(each, [float(x) for x in by_hand.base(h)]) for (_, each), h in zip(lasting, held, strict=True)],
    )  # fmt: skip
    history = draft.history(people)
    progress("situations")
    keeper = _Keeper(tx, former, live, now)
    ids = [*keeper.individuals(people, belongs), *(str(uid) for uid, _ in lasting)]
    events = _events(tx, people, seed, now)
    hand = [Stated(str(uid), each.share, each.signals) for uid, each in written.items()]
    situation, found = learn(events, Lasting(ids, history.mean(axis=0), history), seed, hand)
    situation = keeper.situations(situation)
    draft = replace(
        draft,
        situation=situation,
        categories=_categories(events),
        report={
            "people": people.height,
            "seed": seed,
            "tried": [vars(each) for each in tried]
            or (former.report.get("tried", []) if former else []),
            "situations": {str(n): told for n, told in found.tried.items()} if found else {},
            "reference": figures.reference(draft, people, history),
        },
    )
    names = keeper.named(draft, people, history)
    version = personas.add_model(tx, as_document(replace(draft, names=names)), now)
    keeper.retire(situation.personas)
    passing = int((~situation.lasting).sum())
    return Discovered(version, len(ids), passing, tried, keeper.new, keeper.kept)


def declared_traits() -> list[Trait]:
    """The traits that people may be told apart by: stated ones and those of the FAMILIES."""
    families = {name: trait.family for name, trait in computed_traits().items()}
    found = []
    for name, trait in known_traits().items():
        part = FAMILIES.get(families[name]) if name in families else part_of(name)
        if part and trait.type in USABLE and name not in PARTICULAR:
            found.append(Trait(name, part, trait.type))
    return found


def part_of(name: str) -> Part | None:
    """The part of the card that a stated trait is told in."""
    head = name.partition(".")[0]
    if head == "psychographics" or name in ("interests", "lifestyle"):
        return "psychographics"
    return next((part for fields, part in PARTS if head in fields), None)  # pyright: ignore[reportReturnType]


def _free_traits(tx: Connection, drawn: int) -> list[Trait]:
    """What enough of the sample has of interests and values that nobody declared."""
    types = {"number": "number", "string": "category", "boolean": "boolean"}
    found = personas.free_traits(tx).filter(pl.col("json_type").is_in(list(types)))
    one = found.sort("people", "json_type", descending=True).unique("name", keep="first")
    common = one.filter(pl.col("people") >= LEAST_SUPPORT * drawn).sort("name")
    known = known_traits()
    return [
        Trait(name, "psychographics", types[kind])
        for name, kind, _ in common.iter_rows()
        if name not in known
    ]


def _read(declared: Sequence[Trait], written: Iterable[StatedPersona]) -> list[str]:
    names = {each.name for each in declared} | {name for each in written for name in each.who}
    return sorted(names)


def _mixture(
    people: pl.DataFrame, declared: Sequence[Trait], former: Fitted | None, seed: int, *, anew: bool
) -> tuple[Sequence[Feature], Mixture | None, Sequence[Tried]]:
    if not anew and former:
        return former.features, former.mixture, ()
    if not anew or people.height < FEWEST:
        return (), None, ()
    chosen = features(people, declared)
    if not chosen:
        return (), None, ()
    outcomes = [each.outcomes for each in chosen if not each.continuous]
    mixture, tried = discover(described(people, chosen), outcomes, seed)
    return chosen, mixture, tried


def _unlearnt(lasting: int) -> SituationModel:
    """Without passing personas and signals: enough to read histories."""
    equal = np.full(lasting, 1 / lasting)
    return SituationModel([""] * lasting, equal, np.ones(lasting, dtype=bool), 0.0, {})


def _events(tx: Connection, people: pl.DataFrame, seed: int, now: datetime) -> pl.DataFrame:
    """What a part of the sampled people did: person (row of `people`) and the columns of EVENTS."""
    places = pl.DataFrame({"n": people["n"]}).with_row_index("person")
    drawn = places.sample(min(WITH_EVENTS, places.height), seed=seed)
    events = situations.events_of_assigning(
        tx, datetime.min.replace(year=1900, tzinfo=now.tzinfo), now, drawn["n"]
    )
    joined = events.rename({"person": "n"}).join(drawn, on="n", maintain_order="left")
    return joined.with_columns(pl.col("person").cast(pl.Int64)).sort(
        "person", "at", maintain_order=True
    )


def _categories(events: pl.DataFrame) -> dict[str, str]:
    """The category of each product, as its events said last."""
    said = events.filter(pl.col("product").is_not_null() & pl.col("category").is_not_null())
    last = said.group_by("product").agg(pl.col("category").sort_by("at").last())
    return dict(last.sort("product").iter_rows())


class _Keeper:
    """Gives found personas the ids and names of the former ones that they continue."""

    def __init__(
        self,
        tx: Connection,
        former: Fitted | None,
        live: Sequence[Mapping[str, Any]],
        now: datetime,
    ) -> None:
        self._tx, self._former, self._now = tx, former, now
        self._live = {str(row["persona_id"]): row for row in live}
        self.new = self.kept = 0

    def individuals(self, people: pl.DataFrame, belongs: np.ndarray) -> list[str]:
        """Ids of the discovered lasting personas: the former one with most of the same people."""
        known = [uid for uid, row in self._live.items() if row["kind"] == "individual"]
        numbers = {uid: n for n, uid in enumerate(known)}
        before = {
            n: numbers[str(uid)]
            for n, uid in personas.former(self._tx).items()
            if str(uid) in numbers
        }
        rows = [(before[n], place) for place, n in enumerate(people["n"]) if n in before]
        if not rows:
            return [self._add("individual") for _ in range(belongs.shape[1])]
        was, places = map(np.array, zip(*rows, strict=True))
        same = matched(was, belongs[places].argmax(axis=1))
        return [
            self._keep(known[same[n]]) if n in same else self._add("individual")
            for n in range(belongs.shape[1])
        ]

    def situations(self, model: SituationModel) -> SituationModel:
        """The model with ids in place of the numbers of the situations found."""
        new = [n for n, name in enumerate(model.personas) if name.startswith("situation-")]
        same = _same_situations(self._former, model, new, self._live) if self._former else {}
        ids = list(model.personas)
        for n in new:
            ids[n] = self._keep(same[n]) if n in same else self._add("situation")
        return replace(model, personas=ids)

    def named(self, draft: Fitted, people: pl.DataFrame, history: np.ndarray) -> dict[str, str]:
        """Names: those that the staff wrote and those of former personas stay."""
        model = draft.situation
        names = {uid: self._live[uid]["name"] for uid in model.personas if uid in self._live}
        for n, uid in enumerate(model.personas):
            if uid in names:
                continue
            if model.lasting[n]:
                own = figures.every(draft, people, history, n)
                name = naming.of_figures(own)
            else:
                name = naming.of_signals(model, n)
            names[uid] = naming.unlike(name, [*names.values()])
            personas.change(self._tx, UUID(uid), name=names[uid])
        return names

    def retire(self, used: Sequence[str]) -> None:
        """Discovered personas that are found no more."""
        gone = [
            UUID(uid)
            for uid, row in self._live.items()
            if uid not in used and row["kind"] != "stated"
        ]
        personas.retire(self._tx, gone, self._now)

    def _keep(self, uid: str) -> str:
        self.kept += 1
        return uid

    def _add(self, kind: str) -> str:
        self.new += 1
        added = personas.add(self._tx, kind, "", definition=None, by="discovery", now=self._now)
        return str(added)


def _same_situations(
    former: Fitted, model: SituationModel, new: Sequence[int], live: Mapping[str, Any]
) -> dict[int, str]:
    """Which situation found is which former one: by how much of their signals they share."""
    before = former.situation
    old = [
        n for n, uid in enumerate(before.personas)
        if not before.lasting[n] and uid in live and live[uid]["kind"] == "situation"
    ]  # fmt: skip
    kinds = [
        kind
        for kind in ("category", "department", "device")
        if kind in model.kinds and kind in before.kinds
    ]
    if not (old and new and kinds):
        return {}
    affinity = np.mean([_affinity(before, model, kind)[np.ix_(old, new)] for kind in kinds], axis=0)
    pairs = zip(*linear_sum_assignment(-affinity), strict=True)
    return {new[b]: before.personas[old[a]] for a, b in pairs if affinity[a, b] >= SAME_SITUATION}


def _affinity(before: SituationModel, model: SituationModel, kind: str) -> np.ndarray:
    was, now = before.kinds[kind], model.kinds[kind]
    places = {value: n for n, value in enumerate(now.values)}
    common = [(n, places[value]) for n, value in enumerate(was.values) if value in places]
    if not common:
        return np.zeros((len(was.shares), len(now.shares)))
    a, b = map(list, zip(*common, strict=True))
    return np.sqrt(was.shares[:, a]) @ np.sqrt(now.shares[:, b]).T
