"""What keeps two groups of records from being one person."""

from collections.abc import Iterator, Mapping
from datetime import date

from cdp.identity.clusters.groups import CANNOT_LINK, FIREWALL, UNLIKE, Group, Judge
from cdp.identity.clusters.likeness import are_apart, are_unlike
from cdp.identity.explanation.case import Case, Shared
from cdp.identity.explanation.telling import Teller, in_odds, said
from cdp.model.explanation import Obstacle, ObstacleKind

MOST_TOLD = 50


class Obstacles:
    """Why the records `lefts` and `rights`, two profiles of a case, are not one."""

    def __init__(self, case: Case, teller: Teller, lefts: list[str], rights: list[str]) -> None:
        self._case, self._teller = case, teller
        self._lefts, self._rights = lefts, rights
        self._one, self._other = case.group(lefts), case.group(rights)
        self._judge = Judge(case.policy)

    def all(self) -> list[Obstacle]:
        """Everything that keeps them apart, the strongest first; never empty."""
        found = [*self._decisions(), *self._values(), *self._scored()]
        return found or [
            Obstacle(
                kind="nothing in common",
                words="they have no identifier in common, and no scored pair or decision joins them",
            )
        ]

    def _decisions(self) -> Iterator[Obstacle]:
        for decision, side in sorted(self._one.sides.items()):
            if self._other.sides.get(decision, side) != side:
                told = self._teller.decisions[decision]
                yield Obstacle(
                    kind="cannot-link",
                    decision=told,
                    words=f"they were kept apart by {said(told)}",
                )

    def _values(self) -> Iterator[Obstacle]:
        shared = self._case.shared(self._lefts, self._rights)
        for value in shared[:MOST_TOLD]:
            yield self._of_value(value)
        refused = self._teller.refused_in_common(self._lefts, self._rights)
        for namespace, value in refused[:MOST_TOLD]:
            words = f"both gave {namespace} {value}, which by the policy identifies nobody"
            common = {"namespace": namespace, "value": value}
            yield _obstacle("value that joins nobody", words, common)

    def _of_value(self, shared: Shared) -> Obstacle:
        told = f"both carry {shared.namespace} {shared.value}"
        common = {"namespace": shared.namespace, "value": shared.value}
        guards = self._case.policy.of(shared.namespace)
        if not guards.links:
            words = (
                f"{told}, but {shared.namespace} joins nobody: people share it without being one"
            )
            return _obstacle("value that joins nobody", words, common)
        carriers = self._case.carriers(shared.namespace, shared.value)
        if carriers is not None:
            words = f"{told}, but {carriers} records of different people do: it is nobody's"
            return _obstacle("blocked value", words, common)
        reason = self._case.refusal(shared.namespace, shared.value, [*self._lefts, *self._rights])
        reason = self._judge.refuses(guards, self._one, self._other) or reason
        if reason is None:
            words = (
                f"{told}, but one of their records carries too many {shared.namespace} to prove it"
            )
            return _obstacle("held back", words, common)
        return self._refused(reason, told, common)

    def _scored(self) -> Iterator[Obstacle]:
        threshold = self._case.policy.matching.merge_weight
        scored = self._teller.scored_between(self._lefts, self._rights)
        for score in scored[:1]:
            ends = score["record_uid"], score["other_uid"]
            left, right = ends if ends[0] in self._lefts else ends[::-1]
            weight = score["weight"]
            told = f"their likest records have {in_odds(weight)}"
            fields = self._teller.waterfall(score, left, right)
            facts = {"weight": weight, "threshold": threshold, "waterfall": fields}
            if weight < threshold:
                words = f"{told}; below {threshold:+.1f} ({self._case.policy.matching.merge:.0%}) nobody is joined"
                yield _obstacle("weight below threshold", words, facts)
                continue
            reason = self._case.refusal_of_links([*self._lefts, *self._rights])
            if reason is None:
                words = f"{told}, but the union would have been suspicious"
                yield _obstacle("held back", words, facts)
            else:
                yield self._refused(reason, told, facts)

    def _refused(self, reason: str, told: str, facts: Mapping[str, object]) -> Obstacle:
        kind, words, left, right = self._clash(reason)
        clash = {"reason": reason, "left": left, "right": right}
        return _obstacle(kind, f"{told}, but {words}", {**facts, **clash})

    def _clash(self, reason: str) -> tuple[ObstacleKind, str, str | None, str | None]:
        """The kind of a refusal, its words, and the two values that clash."""
        one, other = self._one, self._other
        subject, _, detail = reason.partition(": ")
        if reason.startswith(CANNOT_LINK):
            return "cannot-link", "a steward keeps them apart", None, None
        if reason.startswith(FIREWALL):
            most = _bound(self._case, detail)
            words = f"one person with more than {most} {detail} would be suspicious: held back"
            return "held back", words, _told(one, detail), _told(other, detail)
        if subject == "limit":
            limit = self._case.policy.of(detail).per_profile
            left, right = _held(one, detail), _held(other, detail)
            return (
                "limit",
                f"one person has at most {limit} {detail}: {left} | {right}",
                left,
                right,
            )
        if subject == "two strong ids":
            left, right = _held(one, detail), _held(other, detail)
            return "different people", f"their {detail} differ: {left} | {right}", left, right
        left, right = _strangers(reason, one, other)
        return "different people", f"{reason}: {left} | {right}", left, right


def _obstacle(kind: ObstacleKind, words: str, facts: Mapping[str, object]) -> Obstacle:
    return Obstacle.model_validate({"kind": kind, "words": words, **facts})


def _bound(case: Case, detail: str) -> int | None:
    return getattr(case.policy.cluster, f"most_{detail.replace(' ', '_')}")


def _told(group: Group, detail: str) -> str:
    facts = {"given names": sorted(group.names), "birth dates": sorted(group.dates)}
    return ", ".join(map(str, facts.get(detail, [f"{group.size} records"])))


def _held(group: Group, namespace: str) -> str:
    return ", ".join(sorted(map(str, group.held.get(namespace, ()))))


def _strangers(reason: str, one: Group, other: Group) -> tuple[str, str]:
    """The first name or birth date of each side that the other cannot mean."""
    if reason == UNLIKE["dates"]:
        return _strange_date(one.dates, other.dates), _strange_date(other.dates, one.dates)
    if reason == UNLIKE["families"]:
        return (
            _strange_name(one.families, other.families),
            _strange_name(other.families, one.families),
        )
    return _strange_name(one.names, other.names), _strange_name(other.names, one.names)


def _strange_name(names: set[str], others: set[str]) -> str:
    strange = [n for n in names if all(n != o and are_unlike(n, o) for o in others)]
    return min(strange or names, default="").title()


def _strange_date(dates: set[date], others: set[date]) -> str:
    strange = [d for d in dates if all(d != o and are_apart(d, o) for o in others)]
    return str(min(strange or dates, default=""))
