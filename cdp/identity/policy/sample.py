"""A sample of what a policy would change, each merge and split with its evidence."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from cdp.identity.explanation.case import Case
from cdp.identity.explanation.obstacles import Obstacles
from cdp.identity.explanation.telling import Teller
from cdp.identity.policy.declaration import IdentityPolicy
from cdp.identity.policy.moves import Moves
from cdp.model.explanation import PolicyChange
from cdp.store.identity.evidence import Evidence

# A change is explained by clustering the profiles concerned alone; of larger ones it is only told.
MOST_EXPLAINED = 5_000


@dataclass(frozen=True)
class Side:
    """The evidence on all records, and the policy that decides by it."""

    evidence: Evidence
    policy: IdentityPolicy

    def of(self, records: pl.Series) -> Case:
        """The case of some records that are whole profiles of this side."""
        here = pl.col("record_uid").is_in(records.implode())
        everything = self.evidence
        return Case(
            replace(
                everything,
                records=everything.records.filter(here),
                identifiers=everything.identifiers.filter(here),
                links=everything.links.filter(
                    pl.col("left").is_in(records.implode())
                    & pl.col("right").is_in(records.implode())
                ),
                decisions=everything.decisions.filter(here),
            ),
            self.policy,
        )


class Sample:
    """Some of the changes between two sides."""

    def __init__(self, tx: Connection, before: Side, after: Side, moves: Moves) -> None:
        self._tx, self._before, self._after, self._moves = tx, before, after, moves

    def of(self, number: int) -> list[PolicyChange]:
        """Up to `number` changes, merges and splits alike, those with most records first."""
        half = number // 2
        splits = self._moves.split.head(max(half, number - self._moves.merged.height))
        merges = self._moves.merged.head(number - splits.height)
        return [
            *(self._merge(row) for row in merges.iter_rows(named=True)),
            *(self._split(row) for row in splits.iter_rows(named=True)),
        ]

    def _merge(self, row: dict[str, Any]) -> PolicyChange:
        members = self._members("profile_id", row["profile_id"])
        evidence = []
        if len(members) <= MOST_EXPLAINED:
            case = self._after.of(members)
            teller = Teller(self._tx, case, members.to_list())
            evidence = [teller.joint(each) for each in case.path(row["id"], row["profile_id"])]
        return _change("merge", row, evidence=evidence)

    def _split(self, row: dict[str, Any]) -> PolicyChange:
        together = self._members("profile_before", row["profile_id"])
        # The one it was split from may itself have been taken in by another.
        stays = self._profile_after(row["profile_id"])
        lefts, rights = self._members("profile_id", stays), self._members("profile_id", row["id"])
        if max(len(together), len(lefts) + len(rights)) > MOST_EXPLAINED:
            return _change("split", row)
        was = self._before.of(together)
        teller = Teller(self._tx, was, together.to_list())
        evidence = [teller.joint(each) for each in was.path(row["id"], row["profile_id"])]
        case = self._after.of(pl.concat([lefts, rights]))
        teller = Teller(self._tx, case, [*lefts, *rights])
        obstacles = Obstacles(case, teller, lefts.to_list(), rights.to_list()).all()
        return _change("split", row, evidence=evidence, obstacles=obstacles)

    def _members(self, column: str, profile: str) -> pl.Series:
        return self._moves.after.filter(pl.col(column) == profile)["record_uid"].sort()

    def _profile_after(self, record: str) -> str:
        return self._moves.after.filter(pl.col("record_uid") == record)["profile_id"][0]


def _change(kind: str, row: dict[str, Any], **told: Any) -> PolicyChange:
    return PolicyChange.model_validate(
        {
            "kind": kind,
            "profile_id": UUID(row["profile_id"]),
            "other_id": UUID(row["id"]),
            "records": row["records"],
            "evidence": [],
            **told,
        }
    )
