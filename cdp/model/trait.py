"""What a trait is: its name, part, type and the rule by which one of its values survives."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Part = Literal[
    "identity",
    "demographics",
    "geography",
    "psychographics",
    "social",
    "behaviour",
    "firmographics",
    "public",
    "custom",
]
Rule = Literal["newest", "trusted", "most_frequent", "most_complete", "union", "min", "max"]


class Trait(BaseModel):
    """One attribute of a profile and the rule by which one of its values survives."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str
    part: Part
    type: Literal["string", "integer", "number", "boolean", "date", "object", "list"] = "string"
    rule: Rule = "newest"
    unit: str | None = None
    meaning: str = ""
    fields: Mapping[str, str] = Field(
        default_factory=dict, description="fields of an object, which survive as one unit"
    )
