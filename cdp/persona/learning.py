"""What sessions look like: shares of signals per persona, and situations found in the sessions themselves.

A situation is a component of a mixture of multinomials over the signals of a session (Nigam,
McCallum, Thrun and Mitchell 2000), fitted by EM; its weight of kinds and of repetitions is the one
of `situation.py`. How many there are is read off held-out sessions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cdp.persona.signals import KINDS
from cdp.persona.situation import Floats, Signals

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MOST_VALUES = 500  # of one kind, the most frequent
PSEUDO = 50.0  # signals of each kind that a persona is given of what is general, against chance
UNSEEN = 20.0  # of each kind
CANDIDATES = (1, 2, 3, 4, 5, 6, 8, 10, 12)  # one: all sessions are alike
SESSIONS = 10_000  # of the sample in which situations are looked for
HELD_OUT = 0.2
LEAST_SESSIONS = 200  # with fewer there is nothing to find
UNKNOWN_PASSING = 0.5  # part of sessions, before any was seen
STARTS = 3
BEGIN, ROUNDS = 8, 60  # rounds of EM: of each start, and of the likeliest
SETTLED = 1e-5  # relative gain of a round


@dataclass(frozen=True)
class Counted:
    """Signals of sessions as numbers: one column per value, the kinds side by side."""

    values: Mapping[str, Sequence[str]]
    counts: "csr_array"  # (sessions, values of all kinds): what a value is worth in a session

    @property
    def places(self) -> dict[str, slice]:
        """The columns of each kind."""
        ends = np.cumsum([len(values) for values in self.values.values()])
        return {
            kind: slice(int(end) - len(self.values[kind]), int(end))
            for kind, end in zip(self.values, ends, strict=True)
        }

    @property
    def weights(self) -> Floats:
        """The weight of each column's kind."""
        return np.concatenate(
            [np.full(len(values), KINDS[kind].weight) for kind, values in self.values.items()]
        )

    def __len__(self) -> int:
        return self.counts.shape[0]  # pyright: ignore[reportOptionalSubscript]

    def part(self, rows: np.ndarray) -> "Counted":
        """Some of the sessions."""
        return Counted(self.values, self.counts[rows])


def vocabulary(
    said: pl.DataFrame, stated: Mapping[str, Sequence[str]] | None = None
) -> dict[str, list[str]]:
    """The values of each kind of signal that are known: the most frequent and those `stated`."""
    found = {}
    for kind in KINDS:
        seen = said.filter(pl.col("kind") == kind)["value"].value_counts(sort=True)
        common = seen.sort("count", "value", descending=[True, False])["value"].head(MOST_VALUES)
        values = sorted({*common, *((stated or {}).get(kind, ()))})
        if values:
            found[kind] = values
    return found


def counted(
    said: pl.DataFrame, session: pl.Series, sessions: int, values: Mapping[str, Sequence[str]]
) -> Counted:
    """The sessions' signals, each value by what it is worth: 1 + 1/2 + … where it is repeated."""
    columns = pl.DataFrame(
        [(kind, value) for kind, known in values.items() for value in known],
        {"kind": pl.String, "value": pl.String},
        orient="row",
    ).with_row_index("column")
    numbered = said.with_columns(session=session.gather(said["row"]))
    times = numbered.join(columns, on=["kind", "value"]).group_by("session", "column", "kind").len()
    n = times["len"].to_numpy()
    harmonic = np.cumsum(1 / np.arange(1, n.max(initial=1) + 1))[n - 1]
    repeats = times["kind"].is_in([k for k, kind in KINDS.items() if kind.repeats]).to_numpy()
    from scipy.sparse import csr_array  # noqa: PLC0415  for discovery only

    place = times["session"].to_numpy(), times["column"].to_numpy()
    worth = np.where(repeats, harmonic, 1.0)
    return Counted(values, csr_array((worth, place), shape=(sessions, len(columns))))


def general(seen: Counted) -> Floats:
    """P(value) within each kind, over all sessions: one more of each than was seen.

    UNSEEN more are kept for values that nobody has said yet, so the known ones do not come to 1.
    """
    counts = seen.counts.sum(axis=0) + 1
    return _shares(counts, seen.places, UNSEEN)


def shares(seen: Counted, belongs: Floats, base: Floats) -> Floats:
    """P(value | persona) of each kind: what sessions said, as far as they belong to the persona.

    `belongs` (sessions, personas): 0..1. Little seen is drawn towards what is general.
    """
    said = (seen.counts.T @ belongs).T
    general_part = {kind: PSEUDO * base[place] for kind, place in seen.places.items()}
    parts = [
        (said[:, place] + general_part[kind]) / (said[:, place].sum(axis=1, keepdims=True) + PSEUDO)
        for kind, place in seen.places.items()
    ]
    return np.concatenate([*parts, said[:, :0]], axis=1)


def _shares(counts: Floats, places: Mapping[str, slice], more: float) -> Floats:
    parts = [counts[place] / (counts[place].sum() + more) for place in places.values()]
    return np.concatenate([*parts, counts[:0]])


def signals_of(seen: Counted, base: Floats, shares: Floats) -> dict[str, Signals]:
    """The columns by kind again."""
    return {
        kind: Signals(seen.values[kind], base[place], shares[:, place])
        for kind, place in seen.places.items()
    }


@dataclass(frozen=True)
class Situations:
    """Situations found in sessions."""

    share: Floats  # (situations,)
    shares: Floats  # (situations, values of all kinds)
    tried: Mapping[int, tuple[float, float]]  # number: held-out log-likelihood, its standard error


def situations(seen: Counted, seed: int) -> Situations | None:
    """The situations of the sessions; None where these are too few to tell, or all alike.

    Their number is the smallest whose held-out log-likelihood per session lies within one standard
    error of the best one's (Breiman et al. 1984).
    """
    chance = np.random.default_rng(seed)
    chosen = chance.permutation(len(seen))[:SESSIONS]
    if len(chosen) < LEAST_SESSIONS:
        return None
    middle = int(len(chosen) * HELD_OUT)
    held, used = seen.part(chosen[:middle]), seen.part(chosen[middle:])
    base = general(used)
    fitted, tried = {}, {}
    for number in CANDIDATES:
        fitted[number] = _fitted(used, base, number, seed)
        share, values = fitted[number]
        each = _log_likelihood(held, base, share, values)
        tried[number] = float(each.mean()), float(each.std() / np.sqrt(len(each)))
    best = max(tried, key=lambda number: tried[number][0])
    enough = tried[best][0] - tried[best][1]
    number = min(number for number in tried if tried[number][0] >= enough)
    if number == 1:
        return None
    share, values = fitted[number]
    return Situations(share, values, tried)


def _fitted(seen: Counted, base: Floats, number: int, seed: int) -> tuple[Floats, Floats]:
    """Shares of the situations and of their values, from the likeliest of several starts."""
    chance = np.random.default_rng((seed, number))
    starts = [chance.dirichlet(np.full(number, 0.3), len(seen)) for _ in range(STARTS)]
    begun = [_settled(seen, base, belongs, BEGIN) for belongs in starts]
    likeliest = max(begun, key=lambda each: each[0])[1]
    belongs = _settled(seen, base, likeliest, ROUNDS)[1]
    share = belongs.mean(axis=0) + 1e-9
    return share / share.sum(), shares(seen, belongs, base)


def _settled(seen: Counted, base: Floats, belongs: Floats, rounds: int) -> tuple[float, Floats]:
    """The mean log-likelihood, and who belongs where, after so many rounds of EM at most."""
    before, now = -np.inf, -np.inf
    for _ in range(rounds):
        share = belongs.mean(axis=0) + 1e-9
        log = _log(seen, base, share, shares(seen, belongs, base))
        top = log.max(axis=1, keepdims=True)
        likely = np.exp(log - top)
        total = likely.sum(axis=1, keepdims=True)
        belongs, now = likely / total, float((top + np.log(total)).mean())
        if now - before < SETTLED * abs(now):
            break
        before = now
    return now, belongs


def _log(seen: Counted, base: Floats, share: Floats, values: Floats) -> Floats:
    ratio = seen.weights * np.log(values / base)
    return seen.counts @ ratio.T + np.log(share)


def _log_likelihood(seen: Counted, base: Floats, share: Floats, values: Floats) -> Floats:
    """Of each session, against what is general."""
    log = _log(seen, base, share, values)
    top = log.max(axis=1, keepdims=True)
    return (top + np.log(np.exp(log - top).sum(axis=1, keepdims=True)))[:, 0]


def passing(
    seen: Counted, base: Floats, expected: Floats, values: Floats, lasting: np.ndarray
) -> float:
    """The part of sessions that passing personas explain better than the person's lasting ones.

    `expected` (sessions, personas): what to expect if the session is a lasting, or a passing one;
    each of the two sums to one. The maximum-likelihood part, by EM.
    """
    log = _log(seen, base, np.maximum(expected, 1e-12), values)
    likely = np.exp(log - log.max(axis=1, keepdims=True))
    if not len(likely):
        return UNKNOWN_PASSING
    stays, passes = likely[:, lasting].sum(axis=1), likely[:, ~lasting].sum(axis=1)
    part = UNKNOWN_PASSING
    for _ in range(ROUNDS):
        part = float((part * passes / (part * passes + (1 - part) * stays)).mean())
    return float(np.clip(part, 0.1, 0.9))
