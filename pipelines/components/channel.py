"""The component type of a channel: a folder with a declaration becomes assets, checks and triggers."""

from typing import Self

import dagster as dg
from pydantic import BaseModel

from cdp.channel.spec import ChannelSpec
from pipelines.channel_asset import channel_asset
from pipelines.channel_triggers import channel_schedule, channel_sensor


class ChannelComponent(dg.Component):
    """A source of customer data, declared: where it reads and what each of its rows says.

    It gives the asset `source_record/<channel>` with its checks, and what the declaration asks for:
    daily partitions (`source.partition`), a schedule (`schedule`), a file sensor (`sensor: true`).
    """

    def __init__(self, spec: ChannelSpec) -> None:
        self.spec = spec

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """What the UI shows of the component type."""
        return dg.ComponentTypeSpec(produces=["asset", "asset_check", "schedule", "sensor"])

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The attributes of the declaration."""
        return ChannelSpec

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """The channel as declared in the folder of `context`, whose name is its default name."""
        return cls(ChannelSpec.model_validate(attributes or {}).located(context.path))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        """The channel's asset, and the triggers it declares."""
        return channel_definitions(self.spec)


def channel_definitions(spec: ChannelSpec) -> dg.Definitions:
    """Everything Dagster has to know of one channel."""
    schedule, sensor = channel_schedule(spec), channel_sensor(spec)
    return dg.Definitions(
        assets=[channel_asset(spec)],
        schedules=[schedule] if schedule else [],
        sensors=[sensor] if sensor else [],
    )
