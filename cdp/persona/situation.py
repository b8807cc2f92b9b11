"""Which persona fits a session: the history's probabilities times the likelihood of its signals.

    log P(p | session) = log P(p) + Σ_kinds weight(kind) · Σ_values h(n) · log(P(value | p) / P(value))

`n` is how often the session said the value; h(n) = 1 + 1/2 + … + 1/n where repeating adds to it,
else 1: so the same view again counts less and less. P(p) is what is expected before the session:
a share `passing` of sessions belongs to personas of situations by their own shares, the rest to
lasting ones as the person's history has it. Values that the model does not know say nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from cdp.persona.signals import KINDS

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
LEAST = 1e-12


@dataclass(frozen=True)
class Signals:
    """How often the values of one kind of signal are said: P(value) and P(value | persona)."""

    values: Sequence[str]
    base: Floats  # (values,)
    shares: Floats  # (personas, values)


@dataclass(frozen=True)
class SituationModel:
    """Personas and what their sessions look like.

    `share` is a persona's part of the lasting, or of the passing ones. A lasting persona is
    recognised in a person's history, a passing one only in sessions.
    """

    personas: Sequence[str]
    share: Floats  # (personas,)
    lasting: np.ndarray[tuple[int], np.dtype[np.bool_]]  # (personas,)
    passing: float  # part of all sessions
    kinds: Mapping[str, Signals]

    @cached_property
    def table(self) -> pl.DataFrame:
        """`kind`, `value` and the number `code` of every signal known."""
        schema = {"kind": pl.String, "value": pl.String}
        return pl.DataFrame(self.known, schema, orient="row").with_row_index("code")

    @cached_property
    def known(self) -> list[tuple[str, str]]:
        """Kind and value of every signal, by its code."""
        return [(kind, value) for kind, told in self.kinds.items() for value in told.values]

    @cached_property
    def codes(self) -> dict[tuple[str, str], int]:
        """The code of every signal."""
        return {pair: code for code, pair in enumerate(self.known)}

    @cached_property
    def evidence(self) -> Floats:
        """(signals, personas): weight · log(P(value | p) / P(value)), by the code of the signal."""
        parts = [
            KINDS[kind].weight * np.log(told.shares / told.base).T
            for kind, told in self.kinds.items()
        ]
        return np.concatenate([*parts, np.empty((0, len(self.personas)))])

    def prior(self, history: Floats | None, sessions: int = 1) -> Floats:
        """(sessions, personas): what to expect before a session.

        `history`: P(lasting persona | history), zero for passing ones; None: nothing is known.
        """
        general = np.where(self.lasting, self.share, 0.0)
        known = np.tile(general, (sessions, 1)) if history is None else np.atleast_2d(history)
        expected = (1 - self.passing) * known + self.passing * np.where(self.lasting, 0, self.share)
        return expected / expected.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Followed:
    """Sessions read signal by signal; see `follow`."""

    posterior: Floats  # (events, personas): P(p | session so far) after each event
    prior: Floats  # (sessions, personas)
    session: np.ndarray[tuple[int], np.dtype[np.int64]]  # of each event
    code: np.ndarray[tuple[int], np.dtype[np.int64]]  # of each signal
    worth: Floats  # of each signal: 1 the first time, then what a repetition adds
    begin: np.ndarray[tuple[int], np.dtype[np.int64]]  # first signal of each event's session
    end: np.ndarray[tuple[int], np.dtype[np.int64]]  # one past the last signal of each event


def follow(
    model: SituationModel, said: pl.DataFrame, session: pl.Series, prior: Floats
) -> Followed:
    """The probabilities of the personas after each event of some sessions.

    `said`: the events' signals; `session`: the number of each event's session, from 0, in order;
    `prior`: (sessions, personas).
    """
    numbers = session.to_numpy()
    heard = _heard(model, said.with_columns(session=pl.Series(numbers[said["row"].to_numpy()])))
    row, code = heard["row"].to_numpy(), heard["code"].to_numpy().astype(np.int64)
    worth = heard["worth"].to_numpy()
    so_far = np.zeros((len(code) + 1, len(model.personas)))
    np.cumsum(model.evidence[code] * worth[:, None], axis=0, out=so_far[1:])
    rows = np.arange(len(numbers))
    first = np.searchsorted(numbers, numbers, side="left")
    begin, end = np.searchsorted(row, first, side="left"), np.searchsorted(row, rows, side="right")
    log = so_far[end] - so_far[begin] + np.log(np.maximum(prior, LEAST))[numbers]
    likely = np.exp(log - log.max(axis=1, keepdims=True, initial=-np.inf))
    posterior = likely / likely.sum(axis=1, keepdims=True)
    return Followed(posterior, prior, numbers, code, worth, begin, end)


def _heard(model: SituationModel, said: pl.DataFrame) -> pl.DataFrame:
    """The signals that the model knows, with their `code` and `worth`, in order."""
    repeating = [name for name, kind in KINDS.items() if kind.repeats]
    nth = pl.int_range(1, pl.len() + 1).over("session", "code")
    again = pl.when(pl.col("kind").is_in(repeating)).then(1.0).otherwise(0.0) / nth
    return said.join(model.table, on=["kind", "value"], maintain_order="left").with_columns(
        worth=pl.when(nth == 1).then(1.0).otherwise(again)
    )
