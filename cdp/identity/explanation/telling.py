"""Evidence and obstacles in words, with the scores and decisions that stand behind them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import polars as pl
from sqlalchemy import Connection

from cdp.identity.clusters.links import PROBABLE_LINK, STEWARD_LINK
from cdp.identity.explanation.case import Case, Joint, Shared
from cdp.identity.explanation.stated import Said, said_by, stated
from cdp.identity.identifiers.normalise import normalise
from cdp.model.explanation import Evidence, FieldWeight, KnownRecord, StewardDecision
from cdp.settings import settings
from cdp.store.identity import scores

RAW = {"record_uid": pl.String, "namespace": pl.String, "value": pl.String}

Pair = frozenset[str]


class Teller:
    """Tells of the records of one case."""

    def __init__(self, tx: Connection, case: Case, among: Sequence[str]) -> None:
        """`among`: the records of which scored pairs and decisions may be told."""
        self._tx, self._policy = tx, case.policy
        known = case.evidence.records.select("record_uid", "record_key", "given_name", "birth_date")
        self._records = {row["record_uid"]: row for row in known.iter_rows(named=True)}
        self._scores: dict[Pair, Mapping[str, Any]] = {
            frozenset((row["record_uid"], row["other_uid"])): row
            for row in scores.scores(tx, among)
        }
        decided = case.evidence.decisions["decision_id"].unique().to_list()
        self.decisions = {
            row["decision_id"]: StewardDecision.model_validate(row)
            for row in scores.decisions(tx, decided)
        }

    def record(self, uid: str) -> KnownRecord:
        """A record as people know it."""
        return KnownRecord.model_validate(self._records[uid])

    def score(self, left: str, right: str) -> Mapping[str, Any] | None:
        """The score of a pair, where it was scored."""
        return self._scores.get(frozenset((left, right)))

    def scored_between(
        self, lefts: Iterable[str], rights: Iterable[str]
    ) -> list[Mapping[str, Any]]:
        """The scored pairs from one group of records to another, heaviest first."""
        ones, others = set(lefts), set(rights)
        across = [
            score
            for pair, score in self._scores.items()
            if len(pair & ones) == 1 and len(pair & others) == 1
        ]
        return sorted(across, key=lambda score: (-score["weight"], score["record_uid"]))

    def refused_in_common(self, lefts: list[str], rights: list[str]) -> list[tuple[str, str]]:
        """The values, blocked by the policy, that records of both groups gave: namespace, value."""
        given = pl.DataFrame(scores.raw_identifiers(self._tx, [*lefts, *rights]), schema=RAW)
        judged = normalise(given, self._policy, settings().default_region)
        blocked = judged.filter(pl.col("refused") == "blocked").with_columns(
            pl.col("value").str.strip_chars().str.to_lowercase()
        )
        sides = [
            blocked.filter(pl.col("record_uid").is_in(side)).select("namespace", "value").unique()
            for side in (lefts, rights)
        ]
        both = sides[0].join(sides[1], on=["namespace", "value"]).sort("namespace", "value")
        return list(both.iter_rows())

    def joint(self, joint: Joint) -> Evidence:
        """By what two neighbours of a profile hang together."""
        if joint.namespace == STEWARD_LINK:
            return self._linked(joint)
        if joint.namespace == PROBABLE_LINK:
            return self.probable(joint.record_uid, joint.via)
        return self.shared(Shared(joint.record_uid, joint.via, joint.namespace, joint.value))

    def shared(self, shared: Shared) -> Evidence:
        """An identifier that two records carry."""
        left, right = self.record(shared.left), self.record(shared.right)
        return Evidence(
            left=left,
            right=right,
            kind="shared identifier",
            namespace=shared.namespace,
            value=shared.value,
            words=f"{named(left)} and {named(right)} share {shared.namespace} {shared.value}",
        )

    def probable(self, one: str, other: str) -> Evidence:
        """A pair that the model holds to be one person."""
        left, right = self.record(one), self.record(other)
        score = self.score(one, other)
        weight = score["weight"] if score else None
        return Evidence(
            left=left,
            right=right,
            kind="probable link",
            weight=weight,
            waterfall=self.waterfall(score, one, other) if score else (),
            words=f"{named(left)} and {named(right)} are alike: {in_odds(weight)}",
        )

    def waterfall(self, score: Mapping[str, Any], left: str, right: str) -> list[FieldWeight]:
        """What each field added to the weight of a scored pair, with what the two say of it."""
        none: Said = {}
        return waterfall(score, self._said.get(left, none), self._said.get(right, none))

    @cached_property
    def _said(self) -> Mapping[str, Said]:
        scored = {uid for pair in self._scores for uid in pair}
        return said_by(self._tx, self._policy, scored)

    def _linked(self, joint: Joint) -> Evidence:
        left, right = self.record(joint.record_uid), self.record(joint.via)
        decision = self.decisions[joint.value]
        return Evidence(
            left=left,
            right=right,
            kind="steward link",
            decision=decision,
            words=f"{named(left)} and {named(right)} were linked by {said(decision)}",
        )


def named(record: KnownRecord) -> str:
    """A record in words: its key, and the name and birth date it gives."""
    facts = [
        record.given_name.title() if record.given_name else "",
        f"born {record.birth_date}" if record.birth_date else "",
    ]
    told = ", ".join(fact for fact in facts if fact)
    return f"{record.record_key} ({told})" if told else record.record_key


def said(decision: StewardDecision) -> str:
    """Who decided, when and why."""
    return f"{decision.decided_by} on {decision.decided_at:%Y-%m-%d}: {decision.reason}"


def in_odds(weight: float | None) -> str:
    """A match weight in words."""
    if weight is None:
        return "by a score that is kept no longer"
    return f"match weight {weight:+.1f}, a probability of {1 / (1 + 2**-weight):.2%}"


def waterfall(score: Mapping[str, Any], left: Said, right: Said) -> list[FieldWeight]:
    """What each field added to the weight of a scored pair, with what the two records say of it."""
    return [
        FieldWeight(
            field=step["field"],
            level=step["level"],
            weight=step["weight"],
            left=stated(left, step["field"]),
            right=stated(right, step["field"]),
        )
        for step in score["evidence"]
    ]
