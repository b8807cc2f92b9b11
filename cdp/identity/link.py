"""Link: records that share no identifier but plainly are one person, found by the model."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl
from pydantic import ValidationError
from sqlalchemy import Connection

from cdp.errors import NothingToLearn
from cdp.identity.companies.link import LinkedCompanies, link_companies
from cdp.identity.identifiers.contacts import contact_namespaces
from cdp.identity.matching import Model, Options, features
from cdp.identity.matching.blocking import candidate_pairs
from cdp.identity.matching.learning import Learnt, learnt
from cdp.identity.matching.scoring import numbered, score_pairs, told, weighed
from cdp.identity.policy.declaration import IdentityPolicy, identity_policy
from cdp.identity.policy.live import live_or_first, live_policy
from cdp.identity.resolve import Resolved, resolve
from cdp.identity.steward.decided import calibrated
from cdp.settings import settings
from cdp.store import staging
from cdp.store.database import Database
from cdp.store.identity import graph as identity
from cdp.store.identity import links, people, review
from cdp.store.retry import retried

FEWEST = 2  # records that there is something to compare
# How likely two records are one person depends on how many there are: a store that has grown to so
# many times the size its model was learnt from is another store.
GROWN = 2

Progress = Callable[[str, int], None]


@dataclass
class LinkReport:
    """What one run of the linking did.

    `records` of people can be compared at all, `compared` of them were compared with all others in
    `pairs` pairs. `came` and `went` count links, also those that are only proposed. Now `merging`
    links join records, `proposed` pairs of profiles are proposed to be one, and at most `largest`
    records are one profile with the help of links. `companies` records of companies were compared, too.
    `model` is None while there is nothing to learn from.
    """

    full: bool = False
    trained: bool = False
    model: str | None = None
    records: int = 0
    compared: int = 0
    pairs: int = 0
    came: int = 0
    went: int = 0
    merging: int = 0
    proposed: int = 0
    largest: int = 0
    companies: int = 0
    resolved: Resolved = field(default_factory=Resolved)
    seconds: dict[str, float] = field(default_factory=dict)

    def stands(self, figures: links.LinkFigures) -> None:
        """Note how many links there are now."""
        self.merging, self.proposed = figures.merging, figures.proposed
        self.largest = figures.largest

    def include(self, linked: LinkedCompanies) -> None:
        """Add what was done for companies."""
        self.companies, self.pairs = linked.compared, self.pairs + linked.pairs
        self.came, self.went = self.came + linked.came, self.went + linked.went
        self.resolved += linked.resolved

    def spent(self, stage: str, since: float) -> None:
        """Note the time since `since` (of time.perf_counter) for a stage."""
        self.seconds[stage] = round(time.perf_counter() - since, 3)


@dataclass(frozen=True)
class Known:
    """What a run knows of the store, all of one moment.

    people: see `cdp.store.identity.people`; queue: record_uid, queued_at; linked: left, right of live links;
    decided: see `cdp.store.identity.review.decided`.
    """

    policy: IdentityPolicy
    model: links.StoredModel | None
    queue: pl.DataFrame
    people: pl.DataFrame
    linked: pl.DataFrame
    decided: pl.DataFrame


def link_records(
    database: Database,
    *,
    full: bool = False,
    retrain: bool = False,
    progress: Progress = lambda _stage, _records: None,
) -> LinkReport:
    """Compare new and changed records with all others, and join those that plainly are one person.

    Pairs from the policy's `matching.merge` on join, within the guards and below the stewards'
    decisions; those from `matching.propose` on wait for review. What is written is written in one
    transaction, so that a run that is killed has changed nothing and the next one does its work.
    Profiles that changed wait for the fold.

    Args:
        database: the store.
        full: compare every record with every other, not only the new and changed ones.
        retrain: learn a new model first, which compares everything. Without a model, or where the
            store has grown to twice the size it was learnt from, this happens by itself.
        progress: called with a stage and the number of records or pairs in it.
    """
    with links.alone(database):
        report = _link_people(database, full=full, retrain=retrain, progress=progress)
        report.include(link_companies(database, full=full or retrain))
        return report


def _link_people(
    database: Database, *, full: bool, retrain: bool, progress: Progress
) -> LinkReport:
    started = time.perf_counter()
    known = _known(database, read_all=full or retrain)
    report = LinkReport(records=known.people.height)
    report.spent("read", started)
    progress("read", report.records)
    if report.records < FEWEST:
        return _unchanged(database, report, known)
    return _Run(database, known, report, progress).of(full=full, retrain=retrain)


def _known(database: Database, *, read_all: bool) -> Known:
    with database.transaction() as tx:
        people.snapshot(tx)
        policy = live_policy(tx, identity_policy(settings().policy))
        model, queue = links.live_model(tx), links.queue(tx)
        if queue.is_empty() and model and not read_all:
            return Known(policy, model, queue, *(pl.DataFrame() for _ in range(3)))
        read = people.people(tx, *contact_namespaces(policy))
        return Known(policy, model, queue, read, links.live_pairs(tx), review.decided(tx))


def _unchanged(database: Database, report: LinkReport, known: Known) -> LinkReport:
    report.model = known.model.version if known.model else None
    with database.transaction() as tx:
        weight = known.policy.matching.merge_weight
        report.stands(links.figures(tx, weight))
    return report


class _Run:
    """One run over what is known; its stages follow each other in `of`."""

    def __init__(
        self, database: Database, known: Known, report: LinkReport, progress: Progress
    ) -> None:
        self.database, self.known, self.report, self.progress = database, known, report, progress

    def of(self, *, full: bool, retrain: bool) -> LinkReport:
        report, known = self.report, self.known
        stored = _read(known.model)
        grown = stored is not None and report.records >= GROWN * stored.records
        report.trained = retrain or stored is None or grown
        report.full = full or report.trained
        nodes = numbered(features(known.people))
        try:
            model, found = self._model(nodes, stored)
        except NothingToLearn:
            report.trained = False
            return _unchanged(self.database, report, known)
        scored = self._scored(model, nodes, found)
        started = time.perf_counter()
        self.progress("write", scored.height)
        retried(lambda: self._write(model, scored))
        report.spent("write", started)
        return report

    def _model(self, nodes: pl.DataFrame, stored: Model | None) -> tuple[Model, Learnt | None]:
        """The live model; or a new one, with what it was learnt from."""
        options = Options(engine=settings().linker)
        if stored is not None and not self.report.trained:
            model, found = stored, None
        else:
            started = time.perf_counter()
            self.progress("train", nodes.height)
            candidates = candidate_pairs(nodes, options.blocking)
            found = learnt(nodes, candidates, datetime.now(UTC), options)
            model = calibrated(found.model, nodes, self.known.decided)
            self.report.spent("train", started)
        self.report.model = model.version
        engine = model.options.model_copy(update={"engine": options.engine})
        return model.model_copy(update={"options": engine}), found

    def _scored(self, model: Model, nodes: pl.DataFrame, found: Learnt | None) -> pl.DataFrame:
        """The pairs that may be one person, as `cdp.store.identity.links.replace` takes them."""
        started = time.perf_counter()
        chosen = None
        if not self.report.full:
            queued = self.known.queue["record_uid"].implode()
            chosen = nodes.filter(pl.col("record_uid").is_in(queued))["node"]
        self.report.compared = nodes.height if chosen is None else len(chosen)
        self.progress("compare", self.report.compared)
        near = self._near(model, nodes, chosen, found)
        self.report.spent("compare", started)
        return _as_rows(told(model, nodes, near))

    def _near(
        self,
        model: Model,
        nodes: pl.DataFrame,
        chosen: pl.Series | None,
        found: Learnt | None,
    ) -> pl.DataFrame:
        """The weighed pairs that are likely enough to be proposed."""
        least, again = self.known.policy.matching.propose, self._again(nodes, chosen)
        if found is None:
            candidates = candidate_pairs(nodes, model.options.blocking, chosen)
            pairs = pl.concat([candidates, again]).unique().sort("left", "right")
            self.report.pairs = pairs.height
            return score_pairs(model, nodes, pairs, least)
        # What training compared need not be compared again.
        more = again.join(found.agreeing, on=["left", "right"], how="anti").sort("left", "right")
        self.report.pairs = found.agreeing.height + more.height
        return pl.concat(
            [
                weighed(model, found.nodes, found.agreeing, least),
                score_pairs(model, nodes, more, least),
            ]
        )

    def _again(self, nodes: pl.DataFrame, chosen: pl.Series | None) -> pl.DataFrame:
        """The linked pairs of the records at hand, as nodes.

        Once compared, always compared: what two records have in common may have become too frequent
        to bring them together again, but that is no reason to part them.
        """
        uids = nodes.select("record_uid", "node")
        pairs = (
            self.known.linked.join(uids.rename({"record_uid": "left", "node": "l"}), on="left")
            .join(uids.rename({"record_uid": "right", "node": "r"}), on="right")
            .select(left="l", right="r")
        )
        if chosen is None:
            return pairs
        here = chosen.implode()
        return pairs.filter(pl.col("left").is_in(here) | pl.col("right").is_in(here))

    def _write(self, model: Model, scored: pl.DataFrame) -> None:
        with self.database.transaction() as tx:
            self._replace(tx, model, scored)

    def _replace(self, tx: Connection, model: Model, scored: pl.DataFrame) -> None:
        policy = live_or_first(tx, identity_policy(settings().policy)).policy
        staging.prepare(tx)
        identity.lock(tx)
        at = datetime.now(UTC)
        report, weight = self.report, policy.matching.merge_weight
        version = report.model or model.version
        if report.trained:
            told = (model.trained_at, model.records, model.to_json())
            links.adopt(tx, links.StoredModel(version, at, *told))
        report.came, report.went = links.replace(
            tx, at, version, self.known.queue, scored, full=report.full, merge_weight=weight
        )
        report.resolved = resolve(tx, at, policy)
        report.stands(links.figures(tx, weight))


def _read(stored: links.StoredModel | None) -> Model | None:
    """The stored model; None where there is none, or only one of an earlier version of this code."""
    try:
        return Model.from_json(stored.document) if stored else None
    except ValidationError:
        return None


def _as_rows(found: pl.DataFrame) -> pl.DataFrame:
    """Pairs with their evidence, as `cdp.store.identity.links.replace` takes them."""
    evidence = pl.col("evidence")
    return found.select(
        pl.col("left").alias("record_uid"),
        pl.col("right").alias("other_uid"),
        "weight",
        "probability",
        evidence=_as_json(evidence),
    )


def _as_json(evidence: pl.Expr) -> pl.Expr:
    """The evidence of each pair as a JSON array of field, level, weight."""
    step = pl.element().struct.with_fields(pl.field("weight").round(4)).struct.json_encode()
    return pl.format("[{}]", evidence.list.eval(step).list.join(","))
