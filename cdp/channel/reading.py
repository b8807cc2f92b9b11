"""From a delivery to canonical batches: the one road of every kind of source."""

from collections.abc import Iterator

import polars as pl

from cdp.channel.blocks import line_blocks, text_of
from cdp.channel.chunk import Chunk
from cdp.channel.delimited import Dialect, delimited_chunks, without
from cdp.channel.delivery import Delivery, FileDelivery
from cdp.channel.jsonlines import json_chunks
from cdp.channel.mapping import Mapping as RowMapping
from cdp.channel.parquet import parquet_chunks
from cdp.channel.sources import FileShape, Files
from cdp.channel.spec import ChannelSpec
