"""What is asked of companies: their people by role, what they belong to, who is to be written to."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from cdp.model.profile import Frozen


class Member(Frozen):
    """A person of a company, in the roles that are known."""

    profile_id: UUID
    account_id: UUID
    account: str | None = Field(default=None, description="the company's name")
    role: str | None = Field(description="as the source says it")
    functions: Sequence[str] = Field(description="finance, human_resources, ...")
    level: str | None = Field(description="c_level, vp, director, manager or staff")
    since: date | None
    until: date | None = Field(description="past: they have left")
    rule: str = Field(description="why they belong there: `stated`, or `work e-mail`")
    fit: float | None = Field(default=None, description="of the company, 0 to 100")


class Relation(Frozen):
    """A company that belongs to another one, or may."""

    account_id: UUID
    name: str | None
    kind: Literal["parent", "subsidiary", "proposed"]
    why: str = Field(description="`stated`; of a proposal what speaks for it")


class IcpPreview(Frozen):
    """What a profile would say of the companies there are, without being put in force."""

    accounts: int
    by_tenth: Mapping[str, int] = Field(description="companies by their score, from 0-10 to 90-100")
    met: Mapping[str, int] = Field(description="companies for which each criterion holds")
    unknown: Mapping[str, int] = Field(
        description="companies of which a trait it reads is not known"
    )
