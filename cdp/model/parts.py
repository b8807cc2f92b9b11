"""A profile part by part: its traits typed where the registry ships them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import JsonValue

from cdp.model.persona import Situation
from cdp.model.profile import (
    AccountLink,
    Behaviour,
    Consent,
    Demographics,
    Firmographics,
    Frozen,
    Geography,
    Identity,
    Membership,
    Profile,
    Psychographics,
    Sentiment,
    Social,
    TraitExplanation,
)


class PartedProfile(Frozen):
    """The same profile with its traits in typed parts."""

    profile_id: UUID
    subject: Literal["person", "account"]
    created_at: datetime
    records: int
    channels: Sequence[str]
    identity: Identity
    demographics: Demographics
    geography: Geography
    psychographics: Psychographics
    social: Social
    firmographics: Firmographics
    public: Mapping[str, JsonValue]
    custom: Mapping[str, JsonValue]
    sentiment: Sentiment | None
    identifiers: Mapping[str, Sequence[str]]
    behaviour: Sequence[Behaviour]
    consents: Sequence[Consent]
    memberships: Sequence[Membership]
    accounts: Sequence[AccountLink]
    situation: Situation | None
    provenance: Mapping[str, TraitExplanation] | None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """The parts of a profile's JSON."""
        whole = Profile.model_validate({k: v for k, v in body.items() if k != "provenance"})
        parts = {name: getattr(whole, name) for name in cls.model_fields if hasattr(whole, name)}
        custom = {
            name.removeprefix("custom."): value
            for name, value in whole.traits.items()
            if name.startswith("custom.")
        }
        return cls(**parts, custom=custom, provenance=body.get("provenance"))
