"""The component type of an audience: a folder with a declaration becomes an asset and its schedule."""

from typing import Self

import dagster as dg
from pydantic import BaseModel

from pipelines.audience_asset import ScheduledAudience, audience_asset, audience_schedule


class AudienceComponent(dg.Component):
    """An audience, declared: whom to address, what for, by what medium, and where its list goes.

    It gives the asset `audience/<name>` and, where the declaration has one, its `schedule`.
    """

    def __init__(self, said: ScheduledAudience) -> None:
        self.said = said

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """What the UI shows of the component type."""
        return dg.ComponentTypeSpec(produces=["asset", "asset_check", "schedule"])

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The attributes of the declaration."""
        return ScheduledAudience

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:  # noqa: ARG003
        """The audience as declared."""
        return cls(ScheduledAudience.model_validate(attributes or {}))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        """The audience's asset, and its schedule."""
        return audience_definitions(self.said)


def audience_definitions(said: ScheduledAudience) -> dg.Definitions:
    """Everything Dagster has to know of one audience."""
    schedule = audience_schedule(said)
    return dg.Definitions(assets=[audience_asset(said)], schedules=[schedule] if schedule else [])
