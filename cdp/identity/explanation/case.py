"""One case of who is who: some components clustered on demand, with what joins and parts them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from cdp.identity.clusters.clustering import Clustering
from cdp.identity.clusters.conflicts import with_comparable_facts
from cdp.identity.clusters.groups import Group
from cdp.identity.clusters.links import PROBABLE_LINK
from cdp.identity.policy.declaration import IdentityPolicy
from cdp.identity.resolve import clustering_of
from cdp.store.identity.evidence import Evidence


@dataclass(frozen=True)
class Joint:
    """By what a record hangs on to its neighbour."""

    record_uid: str
    via: str
    namespace: str
    value: str


@dataclass(frozen=True)
class Shared:
    """An identifier that a record of each of two groups carries."""

    left: str
    right: str
    namespace: str
    value: str


class Case:
    """Evidence and the clustering that a policy makes of it."""

    def __init__(
        self, evidence: Evidence, policy: IdentityPolicy, clustering: Clustering | None = None
    ) -> None:
        self.evidence, self.policy = evidence, policy
        self.clustering = clustering or clustering_of(evidence, policy)

    @cached_property
    def profiles(self) -> dict[str, str]:
        """The profile of each record."""
        members = self.clustering.members
        return dict(zip(members["record_uid"], members["profile_id"], strict=True))

    def members(self, profile: str) -> list[str]:
        """The records of a profile, oldest first."""
        return sorted(uid for uid, owner in self.profiles.items() if owner == profile)

    @cached_property
    def joints(self) -> dict[str, Joint]:
        """By what each record hangs on; the oldest of a profile hangs on nothing."""
        columns = ("record_uid", "via", "namespace", "value")
        joined = self.clustering.joined.select(*columns)
        return {row[0]: Joint(*row) for row in joined.iter_rows()}

    def path(self, left: str, right: str) -> list[Joint]:
        """The joints from one record of a profile to another; each leads on from the one before."""
        up, down = list(self._ascent(left)), list(self._ascent(right))
        while up and down and up[-1] == down[-1]:
            up.pop()
            down.pop()
        turned = [Joint(j.via, j.record_uid, j.namespace, j.value) for j in reversed(down)]
        return up + turned

    def _ascent(self, record: str) -> Iterator[Joint]:
        while record in self.joints:
            yield self.joints[record]
            record = self.joints[record].via

    def shared(self, lefts: list[str], rights: list[str]) -> list[Shared]:
        """The values that some of `lefts` and some of `rights` carry: one pair of records each."""
        said = self.evidence.identifiers
        ones, others = (
            said.filter(pl.col("record_uid").is_in(uids))
            .group_by("namespace", "value")
            .agg(pl.min("record_uid"))
            for uids in (lefts, rights)
        )
        both = ones.join(others, on=["namespace", "value"], suffix="_right")
        ordered = both.sort(
            pl.col("namespace").map_elements(
                lambda name: self.policy.of(name).priority, return_dtype=pl.Int64
            ),
            "namespace",
            "value",
        )
        columns = ("record_uid", "record_uid_right", "namespace", "value")
        return [Shared(*row) for row in ordered.select(*columns).iter_rows()]

    def is_blocked(self, namespace: str, value: str) -> bool:
        """Whether the value is known, or was just found, to be junk."""
        return self.carriers(namespace, value) is not None

    def carriers(self, namespace: str, value: str) -> int | None:
        """On how many records a junk value was found; None where it is no junk."""
        for frame in (self.evidence.blocked, self.clustering.blocked):
            found = frame.filter(namespace=namespace, value=value)["records"]
            if len(found):
                return int(found[0])
        return None

    def refusal(self, namespace: str, value: str, among: list[str]) -> str | None:
        """Why the value did not unite two of `among`; of none of them, why it did not others."""
        refused = self.clustering.refused.filter(namespace=namespace, value=value)
        here = refused.filter(pl.col("left").is_in(among) & pl.col("right").is_in(among))
        reasons = (here if here.height else refused)["reason"]
        return reasons[0] if len(reasons) else None

    def refusal_of_links(self, among: list[str]) -> str | None:
        """Why a probable link did not unite two of `among`."""
        refused = self.clustering.refused.filter(
            (pl.col("namespace") == PROBABLE_LINK)
            & pl.col("left").is_in(among)
            & pl.col("right").is_in(among)
        )
        return refused["reason"][0] if refused.height else None

    def group(self, records: list[str]) -> Group:
        """What is known of some records together, as the guards see it."""
        facts = self._facts.filter(pl.col("record_uid").is_in(records))
        group = Group(
            size=len(records),
            names=set(facts["plain_name"].drop_nulls()),
            families=set(facts["plain_family"].drop_nulls()),
            dates=set(facts["birth_date"].drop_nulls()),
        )
        said = self.evidence.identifiers.filter(pl.col("record_uid").is_in(records))
        for namespace, value in said.select("namespace", "value").unique().iter_rows():
            if self.policy.of(namespace).parts and not self.is_blocked(namespace, value):
                group.held.setdefault(namespace, set()).add(value)
        apart = self.evidence.decisions.filter(
            (pl.col("kind") == "cannot_link") & pl.col("record_uid").is_in(records)
        )
        group.sides.update(apart.select("decision_id", "side").iter_rows())
        return group

    @cached_property
    def _facts(self) -> pl.DataFrame:
        return with_comparable_facts(self.evidence.records, self.policy)
