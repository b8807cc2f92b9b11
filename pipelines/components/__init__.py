"""The component types that declarations under `defs/` name."""

from pipelines.components.audience import AudienceComponent
from pipelines.components.channel import ChannelComponent

__all__ = ["AudienceComponent", "ChannelComponent"]
