"""Discovery: personas from the store's own people and sessions, under ids that last."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from sqlalchemy import Connection

from cdp.derive.registry import computed_traits, known_traits
from cdp.model.persona import StatedPersona
from cdp.model.profile import Demographics, Geography
from cdp.persona import figures
from cdp.persona import stated as by_hand
from cdp.persona.assignment import fitted_in_force
from cdp.persona.features import LEAST_SUPPORT, Feature, Part, Trait, described, features
from cdp.persona.fitted import Fitted, Written, as_document, discovered, typed
from cdp.persona.keeping import Keeper
from cdp.persona.mixture import Mixture
from cdp.persona.model import Lasting, Stated, learn
from cdp.persona.people import AGES
from cdp.persona.people import people as individuals
from cdp.persona.situation import SituationModel
from cdp.store.database import driver
from cdp.store.persona import personas, situations

if TYPE_CHECKING:
    from cdp.persona.components import Tried

SAMPLE = 50_000  # persons
FEWEST = 200  # persons among whom personas are looked for
WITH_EVENTS = 5_000  # persons whose sessions are learnt from
NEWEST = 100  # events of each of their records
# Families of computed traits, and the part of a card that they are told in. Scores and predictions
# are made of the facts of the others: told twice, the same facts would look like kinds of people.
FAMILIES: Mapping[str, Part] = {
    "affinity": "affinities", "complements": "affinities", "arrivals": "affinities", "browsing": "affinities",
    "social": "psychographics", "channels": "channels", "engagement": "channels",
    "sentiment": "sentiment", "purchases": "behaviour", "lifecycle": "behaviour",
    "discounts": "behaviour", "orders": "behaviour",
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
    """What discovery found.

    `bereft`: the segments that read a persona which is found no more. `note`: why no kinds of people
    were found, where none were.
    """

    version: int
    personas: int
    situations: int
    tried: Sequence["Tried"]
    new: int
    kept: int
    bereft: Sequence[str]
    note: str | None


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
    before = former.traits() if former else []
    people = individuals(tx, sorted({*_read(declared, written.values()), *before}), now)
    types = {each.name: each.type for each in declared} | dict(former.types if former else {})
    progress("personas")
    chosen, mixture, tried = _mixture(typed(people, types), declared, former, seed, anew=anew)
    belongs = discovered(mixture, chosen, typed(people, types))
    lasting = {uid: each for uid, each in written.items() if each.who}
    draft = _draft(people, types, (chosen, mixture, belongs.shape[1]), [*lasting.values()], now)
    history = draft.history(people)
    progress("situations")
    keeper = Keeper(tx, former, live, now)
    ids = [
        *keeper.individuals(typed(people, types), mixture, belongs),
        *(str(uid) for uid in lasting),
    ]
    events = _events(tx, people, seed, now)
    hand = [Stated(str(uid), each.share, {**each.signals}) for uid, each in written.items()]
    situation, found = learn(events, Lasting(ids, _shares(history), history), seed, hand)
    situation = keeper.situations(situation)
    report = {
        "people": people.height,
        "seed": seed,
        "tried": [vars(each) for each in tried] or (former.report["tried"] if former else []),
        "situations": {str(n): told for n, told in found.tried.items()} if found else {},
        "reference": figures.reference(draft, people, history),
    }
    draft = replace(draft, situation=situation, categories=_categories(events), report=report)
    names = keeper.named(draft, people, history)
    version = personas.add_model(tx, as_document(replace(draft, names=names)), now)
    bereft = keeper.retire(situation.personas)
    passing = int((~situation.lasting).sum())
    note = None if mixture else _why_everybody(people.height, tried)
    return Discovered(version, len(ids), passing, tried, keeper.new, keeper.kept, bereft, note)


def declared_traits() -> list[Trait]:
    """The traits that people may be told apart by: stated ones and those of the FAMILIES."""
    families = {name: trait.family for name, trait in computed_traits().items()}
    found = []
    for name, trait in known_traits().items():
        part = FAMILIES.get(families[name]) if name in families else part_of(name)
        if part and trait.type in USABLE and name not in PARTICULAR:
            found.append(Trait(name, part, trait.type))
    return [*found, *(Trait(name, "demographics", "integer") for name in AGES)]


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
    return list(names)


def _mixture(
    people: pl.DataFrame, declared: Sequence[Trait], former: Fitted | None, seed: int, *, anew: bool
) -> tuple[Sequence[Feature], Mixture | None, Sequence["Tried"]]:
    """The features that cards tell of, and the mixture where there are people enough for one."""
    if not anew and former and former.mixture:
        return former.features, former.mixture, ()
    chosen = features(people, declared)
    if not anew or people.height < FEWEST or not chosen:
        return chosen, None, ()
    outcomes = [each.outcomes for each in chosen if not each.continuous]
    from cdp.persona.components import discover  # noqa: PLC0415  loads pandas, for discovery only

    mixture, tried = discover(described(people, chosen), outcomes, seed)
    return chosen, mixture, tried


def _why_everybody(people: int, tried: Sequence["Tried"]) -> str:
    if people < FEWEST:
        return f"{people} people are too few to find kinds among; {FEWEST} are enough"
    if tried:
        return (
            "people are alike: no kinds come out again when resampled, and none fit better than one"
        )
    return "no traits tell kinds of people apart"


def _draft(
    people: pl.DataFrame,
    types: Mapping[str, str],
    found: tuple[Sequence[Feature], Mixture | None, int],
    lasting: Sequence[StatedPersona],
    now: datetime,
) -> Fitted:
    """The lasting personas, those found and those written by hand, before anything of sessions."""
    chosen, mixture, count = found
    general = [by_hand.base(by_hand.holds(people, each.who)).tolist() for each in lasting]
    return Fitted(
        version=0,
        fitted_at=now,
        names={},
        situation=_unlearnt(count + len(lasting)),
        features=chosen,
        mixture=mixture,
        written=[Written(each, chances) for each, chances in zip(lasting, general, strict=True)],
        types=types,
        categories={},
        report={},
    )


def _shares(history: np.ndarray) -> np.ndarray:
    """Parts of the people; equal ones where there is nobody yet."""
    people, count = history.shape
    return history.mean(axis=0) if people else np.full(count, 1 / count)


def _unlearnt(lasting: int) -> SituationModel:
    """Without passing personas and signals: enough to read histories."""
    equal = np.full(lasting, 1 / lasting)
    return SituationModel([""] * lasting, equal, np.ones(lasting, dtype=bool), 0.0, {})


def _events(tx: Connection, people: pl.DataFrame, seed: int, now: datetime) -> pl.DataFrame:
    """What a part of the sampled people did: person (row of `people`) and the columns of EVENTS."""
    places = pl.DataFrame({"n": people["n"]}).with_row_index("person")
    drawn = places.sample(min(WITH_EVENTS, places.height), seed=seed)
    ever = datetime.min.replace(year=1900, tzinfo=now.tzinfo)
    events = situations.events_of_assigning(tx, ever, now, only=drawn["n"], newest=NEWEST)
    joined = events.rename({"person": "n"}).join(drawn, on="n", maintain_order="left")
    return joined.with_columns(pl.col("person").cast(pl.Int64)).sort(
        "person", "at", maintain_order=True
    )


def _categories(events: pl.DataFrame) -> dict[str, str]:
    """The category of each product, as its events said last."""
    said = events.filter(pl.col("product").is_not_null() & pl.col("category").is_not_null())
    last = said.group_by("product").agg(pl.col("category").sort_by("at").last())
    return dict(last.sort("product").iter_rows())
