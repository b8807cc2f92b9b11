"""A version of the personas: how they are recognised in histories and in sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl

from cdp.model.persona import StatedPersona
from cdp.persona import model as situations
from cdp.persona import stated as by_hand
from cdp.persona.features import NUMERIC, Feature, described
from cdp.persona.mixture import Mixture
from cdp.persona.situation import SituationModel


@dataclass(frozen=True)
class Written:
    """A hand-written lasting persona; `general`: how often each of its traits holds for anybody."""

    persona: StatedPersona
    general: Sequence[float]


@dataclass(frozen=True)
class Fitted:
    """One version of the personas.

    The first lasting personas of `situation` are those of `mixture` (one, everybody, where there is
    none), those after them `written`. `types`: the registry's types of the traits that are read.
    """

    version: int
    fitted_at: datetime
    names: Mapping[str, str]  # by persona id
    situation: SituationModel
    features: Sequence[Feature]
    mixture: Mixture | None
    written: Sequence[Written]
    types: Mapping[str, str]
    categories: Mapping[str, str]  # the category of each known product
    report: Mapping[str, Any]

    def traits(self) -> list[str]:
        """The traits that have to be read."""
        stated = [name for each in self.written for name in each.persona.who]
        return sorted({*(each.name for each in self.features), *stated})

    def history(self, people: pl.DataFrame) -> np.ndarray:
        """(people, personas): P(persona | traits) of lasting ones; zero for the passing.

        `people` has the traits as texts. The hand-written compete with the rest by
        share · P(traits | persona) / P(traits), where the rest together has what shares leave.
        """
        own = sum(each.persona.share for each in self.written)
        rest = max(1 - own, 0.1) * discovered(
            self.mixture, self.features, typed(people, self.types)
        )
        parts = [rest]
        for each in self.written:
            fits = by_hand.fit(by_hand.holds(people, each.persona.who), each.general)
            parts.append((each.persona.share * fits)[:, None])
        likely = np.concatenate(parts, axis=1)
        passing = np.zeros((len(likely), len(self.situation.personas) - likely.shape[1]))
        return np.concatenate([likely / likely.sum(axis=1, keepdims=True), passing], axis=1)

    @property
    def stability(self) -> float | None:
        """Mean adjusted Rand index of the bootstraps; None where nothing was discovered."""
        count = 0 if self.mixture is None else len(self.mixture.share)
        for each in self.report["tried"]:
            if each["personas"] == count and each["rand"]:
                return round(float(np.mean(each["rand"])), 4)
        return None

    def of_ids(self, probabilities: Mapping[str, float]) -> np.ndarray | None:
        """(personas,): what was kept by persona id; None where it is of other personas."""
        found = np.array([probabilities.get(each, 0.0) for each in self.situation.personas])
        return found / found.sum() if found.sum() > 0 else None

    def chances(self, posterior: np.ndarray, most: int) -> list[tuple[UUID, str, float]]:
        """Id, name and probability of at most so many personas, likeliest first."""
        order = np.argsort(-posterior, kind="stable")[:most].tolist()
        return [(*self._called[n], round(float(posterior[n]), 6)) for n in order]

    @cached_property
    def _called(self) -> list[tuple[UUID, str]]:
        return [(UUID(each), self.names[each]) for each in self.situation.personas]


def discovered(
    mixture: Mixture | None, features: Sequence[Feature], people: pl.DataFrame
) -> np.ndarray:
    """(people, personas): P(persona | features); without a mixture everybody is one."""
    if mixture is None:
        return np.ones((people.height, 1))
    return mixture.posterior(described(people, features))


def typed(people: pl.DataFrame, types: Mapping[str, str]) -> pl.DataFrame:
    """Texts of numbers as numbers."""
    numbers = [name for name in people.columns if types.get(name) in NUMERIC]
    return people.with_columns(pl.col(numbers).cast(pl.Float64, strict=False))


def as_document(fitted: Fitted) -> dict[str, Any]:
    """The version as JSON can hold it."""
    mixture = fitted.mixture
    return {
        "names": dict(fitted.names),
        "situation": situations.as_document(fitted.situation),
        "features": [asdict(each) for each in fitted.features],
        "mixture": None
        if mixture is None
        else {
            "share": mixture.share.tolist(),
            "means": mixture.means.tolist(),
            "variances": mixture.variances.tolist(),
            "chances": [each.tolist() for each in mixture.chances],
        },
        "written": [
            {"persona": each.persona.model_dump(mode="json"), "general": list(each.general)}
            for each in fitted.written
        ],
        "types": dict(fitted.types),
        "categories": dict(fitted.categories),
        "report": dict(fitted.report),
    }


def of_document(version: int, fitted_at: datetime, document: Mapping[str, Any]) -> Fitted:
    """The version again."""
    mixture = document["mixture"]
    return Fitted(
        version=version,
        fitted_at=fitted_at,
        names=document["names"],
        situation=situations.of_document(document["situation"]),
        features=[Feature(**each) for each in document["features"]],
        mixture=mixture
        and Mixture(
            share=np.array(mixture["share"]),
            means=_table(mixture["means"], len(mixture["share"])),
            variances=_table(mixture["variances"], len(mixture["share"])),
            chances=[np.array(each) for each in mixture["chances"]],
        ),
        written=[
            Written(StatedPersona.model_validate(each["persona"]), each["general"])
            for each in document["written"]
        ],
        types=document["types"],
        categories=document["categories"],
        report=document["report"],
    )


def _table(rows: Sequence[Sequence[float]], personas: int) -> np.ndarray:
    return np.array(rows, dtype=float).reshape(personas, -1)
