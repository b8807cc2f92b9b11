"""Why a trait has its value: the rule, the statements that carried it and those that lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from cdp.errors import UnknownTrait
from cdp.model.profile import Profile, Statement, TraitExplanation
from cdp.profile.traits import trait
from cdp.store.profile import fold, rectification

BECAUSE = {
    "newest": "the value observed last",
    "trusted": "from the most trusted channel that knows it; among equals the newest",
    "most_frequent": "said by most records; among equals the newest",
    "most_complete": "the longest; among equals the newest",
    "union": "everything that any record says",
    "min": "the smallest value",
    "max": "the greatest value",
    "rectified": "set by a steward, above what any record says",
}
STEWARD = "steward"


def explain(
    tx: Connection, profile: Profile, records: Sequence[str], name: str
) -> TraitExplanation:
    """Why `profile`, made of `records` (uids), has its value of one trait. Raises UnknownTrait."""
    trait(name)
    if name not in profile.traits:
        raise UnknownTrait(f"no record of this profile says anything of {name!r}")
    said = fold.statements(tx, profile.profile_id, list(records), name)
    return _explained(profile, name, said, _standing(tx, records))


def explain_all(
    tx: Connection, profile: Profile, records: Sequence[str]
) -> dict[str, TraitExplanation]:
    """The same for every trait of the profile."""
    said: dict[str, list[dict[str, Any]]] = {name: [] for name in profile.traits}
    for row in fold.statements(tx, profile.profile_id, list(records), None):
        said.setdefault(row["trait"], []).append(row)
    standing = _standing(tx, records)
    return {name: _explained(profile, name, said[name], standing) for name in profile.traits}


def _standing(tx: Connection, records: Sequence[str]) -> dict[str, Statement]:
    """The rectification that stands for each trait: the newest that was not withdrawn."""
    found = rectification.of_records(tx, records)
    return {
        row["trait"]: Statement(
            value=row["value"],
            channel=STEWARD,
            record_key=row["decided_by"],
            record_uid=row["record_uid"],
            trust=100,
            observed_at=row["decided_at"],
            recorded_at=row["decided_at"],
        )
        for row in reversed(found)
        if row["withdrawn_at"] is None
    }


def _explained(
    profile: Profile,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    standing: Mapping[str, Statement],
) -> TraitExplanation:
    declared, value = trait(name), profile.traits[name]
    said = [_statement(row) for row in rows]
    rule: str = declared.rule
    if name in standing:
        rule, carried = "rectified", [standing[name]]
    else:
        carried = [s for s in said if rule == "union" or s.value == value]
    return TraitExplanation(
        trait=name,
        part=declared.part,
        meaning=declared.meaning,
        rule=rule,
        value=value,
        because=BECAUSE[rule],
        carried_by=carried,
        lost=[s for s in said if s not in carried],
    )


def _statement(row: Mapping[str, Any]) -> Statement:
    return Statement(**{key: value for key, value in row.items() if key != "trait"})
