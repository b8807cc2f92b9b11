"""Review: pairs that wait for a steward, what is decided on them, and what that says of the model."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cdp.errors import InvalidRequest
from cdp.identity.clusters.groups import FIREWALL
from cdp.identity.clusters.links import PROBABLE_LINK
from cdp.identity.explanation.stated import in_words, said_by
from cdp.identity.explanation.telling import waterfall
from cdp.identity.identifiers.contacts import contact_namespaces
from cdp.identity.policy.declaration import identity_policy
from cdp.identity.policy.live import live_policy
from cdp.identity.steward.decisions import cannot_link, link
from cdp.model.identity import Decided
from cdp.model.review import (
    Agreement,
    ComparedField,
    DecidedPair,
    ModelSummary,
    PairToReview,
    Precision,
    ReviewedRecord,
)
from cdp.settings import settings
from cdp.store.database import Database
from cdp.store.identity import links, people
from cdp.store.identity import review as store

# What a person compares, in the order of reading: its column, and the model's name for the field.
SHOWN = {
    "given name": ("given_name", "given_name"),
    "family name": ("family_name", "family_name"),
    "full name": ("full_name", "given_name"),
    "birth date": ("birth_date", "birth_date"),
    "gender": ("gender", "gender"),
    "street": ("street", "place"),
    "postcode": ("postcode", "place"),
    "city": ("city", "place"),
    "e-mail": ("email", "email"),
    "phone": ("phone", "phone"),
    "company": ("name", "name"),
    "place": ("location", "city"),
    "country": ("country", "country"),
    "domain": ("domain", "domain"),
    "founded": ("founded", "founded"),
    "employees": ("employees", "employees"),
}
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)


def review(database: Database, limit: int = 20) -> list[PairToReview]:
    """The pairs of profiles that wait for a steward, first those that a decision changes most.

    They lie between the policy's thresholds, or above them where a guard forbids the merge, or are
    held back as suspicious. Decided pairs wait no more, nor do those that became one by themselves.
    """
    with database.transaction() as tx:
        policy = live_policy(tx, identity_policy(settings().policy))
        found = store.open_pairs(
            tx,
            propose_weight=policy.matching.propose_weight,
            merge_weight=policy.matching.merge_weight,
            firewall=FIREWALL,
            probable_link=PROBABLE_LINK,
            limit=limit,
        )
        uids = {pair[side] for pair in found for side in ("left", "right")}
        said = said_by(tx, policy, uids)
    return [_pair(pair, said) for pair in found]


def decide(database: Database, pair: PairToReview, *, same: bool, by: str, reason: str) -> Decided:
    """Say whether the two profiles of a pair are one person; see `cdp.identity.steward.decisions`.

    Not the same: all their records are kept apart, for ever.
    """
    if same:
        return link(database, pair.left.record_uid, pair.right.record_uid, by=by, reason=reason)
    return cannot_link(database, pair.left.profile_id, pair.right.profile_id, by=by, reason=reason)


def decided_pairs(database: Database) -> list[DecidedPair]:
    """What stewards decided, and the weight that the live model gives each pair.

    Raises InvalidRequest while there is no model.
    """
    # Here, as in `models`: they bring Splink, which is slow to load and not needed for reviewing.
    from cdp.identity.matching import Model, features  # noqa: PLC0415
    from cdp.identity.matching.scoring import numbered  # noqa: PLC0415
    from cdp.identity.steward.decided import scored_decisions  # noqa: PLC0415

    with database.transaction() as tx:
        decided, stored = store.decided(tx), _live(links.live_model(tx))
        policy = live_policy(tx, identity_policy(settings().policy))
        uids = {*decided["left"], *decided["right"]}
        told = people.people(tx, *contact_namespaces(policy), uids)
    if told.is_empty():
        return []
    scored = scored_decisions(Model.from_json(stored.document), numbered(features(told)), decided)
    return [DecidedPair.model_validate(row) for row in scored.iter_rows(named=True)]


def precision(
    decided: Iterable[DecidedPair], thresholds: Sequence[float] = THRESHOLDS
) -> list[Precision]:
    """How often the model is right above each threshold, among the decided pairs."""
    judged = [(1 / (1 + 2**-pair.weight), pair.same) for pair in decided]
    same = sum(truth for _, truth in judged)
    found = []
    for threshold in thresholds:
        above = [truth for probability, truth in judged if probability >= threshold]
        found.append(
            Precision(
                threshold=threshold,
                pairs=len(above),
                same=sum(above),
                precision=sum(above) / len(above) if above else None,
                recall=sum(above) / same if same else None,
            )
        )
    return found


def models(database: Database) -> list[ModelSummary]:
    """The models the store has had, the live one first and with its parameters."""
    with database.transaction() as tx:
        stored = links.models(tx)
    return [_summary(each, live=not n) for n, each in enumerate(stored)]


def _summary(stored: links.StoredModel, *, live: bool) -> ModelSummary:
    from cdp.identity.matching import Model  # noqa: PLC0415

    model = Model.from_json(stored.document)
    return ModelSummary(
        version=stored.version,
        live=live,
        adopted_at=stored.adopted_at,
        trained_at=stored.trained_at,
        records=stored.records,
        prior=model.prior,
        household=model.household,
        levels=model.parameters().to_dicts() if live else (),
    )


def _live(stored: links.StoredModel | None) -> links.StoredModel:
    if stored is None:
        raise InvalidRequest("there is no model yet; `cdp identity link` trains one")
    return stored


def _pair(pair: Mapping[str, Any], said: Mapping[str, Mapping[str, Any]]) -> PairToReview:
    left, right = (said.get(pair[side], {}) for side in ("left", "right"))
    weights = {step["field"]: step["weight"] for step in pair["evidence"]}
    return PairToReview(
        left=_side(pair, "left"),
        right=_side(pair, "right"),
        why=pair["why"],
        reason=pair["reason"],
        weight=pair["weight"],
        probability=pair["probability"],
        rank=pair["rank"],
        fields=[
            _compared(name, left.get(column), right.get(column), weights.get(field, 0.0))
            for name, (column, field) in SHOWN.items()
            if left.get(column) or right.get(column)
        ],
        waterfall=waterfall(pair, left, right),
    )


def _side(pair: Mapping[str, Any], side: str) -> ReviewedRecord:
    told = {name: pair[f"{side}_{name}"] for name in ("records", "events")}
    return ReviewedRecord(
        record_uid=pair[side],
        record_key=pair[f"{side}_key"],
        profile_id=pair[f"{side}_profile"],
        **told,
    )


def _compared(name: str, left: Any, right: Any, weight: float) -> ComparedField:
    ones, others = _values(left), _values(right)
    agreement: Agreement = "alike" if weight > 0 else "different"
    if not ones or not others:
        agreement = "unknown"
    elif {one.casefold() for one in ones} & {other.casefold() for other in others}:
        agreement = "same"
    return ComparedField(
        field=name, left=in_words(left), right=in_words(right), agreement=agreement
    )


def _values(said: Any) -> list[str]:
    return said if isinstance(said, list) else [str(said)] if said else []
