"""What a source says: the declaration of a channel, its reading and its mapping to canonical batches."""

from cdp.channel.delivery import Delivery, deliveries
from cdp.channel.load import load_channel, load_channels
from cdp.channel.mapping import map_rows
from cdp.channel.preview import Preview, preview
from cdp.channel.reading import read
from cdp.channel.spec import ChannelSpec

__all__ = [
    "ChannelSpec",
    "Delivery",
    "Preview",
    "deliveries",
    "load_channel",
    "load_channels",
    "map_rows",
    "preview",
    "read",
]
