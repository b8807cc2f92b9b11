"""Channels declared in a folder of their own, over files written beside them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from cdp.channel.delivery import deliveries
from cdp.channel.load import load_channel
from cdp.channel.reading import read
from cdp.channel.spec import ChannelSpec
from cdp.model.batch import Batch
from cdp.settings import Settings

PARTS = ("records", "identifiers", "events", "consents", "memberships", "accounts", "rejects")


class Channel:
    """A channel called `crm` that reads what a test has dropped in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "crm"
        self.drop = folder / "drop"
        self.folder.mkdir()
        self.drop.mkdir()
        self.settings = Settings(data=self.drop)

    def declare(self, **attributes: Any) -> ChannelSpec:
        defaults = {"description": "customers", "record": {"key": "id"}}
        text = yaml.safe_dump({"type": "x", "attributes": defaults | attributes}, sort_keys=False)
        return self.declare_text(text)

    def declare_text(self, text: str) -> ChannelSpec:
        (self.folder / "defs.yaml").write_text(text, "utf-8")
        return load_channel(self.folder / "defs.yaml")

    def files(self, name: str, data: bytes | str, **attributes: Any) -> ChannelSpec:
        """Drops a file and declares the channel over it."""
        (self.drop / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        source = {"kind": "files", "path": "{data}/" + name} | attributes.pop("source", {})
        return self.declare(source=source, **attributes)

    def batch(self, spec: ChannelSpec, watermark: str | None = None) -> Batch:
        """Everything the channel has to say, as one batch."""
        return together(
            batch
            for delivery in deliveries(spec, self.settings, watermark)
            for batch in read(spec, delivery)
        )


def together(batches: Any) -> Batch:
    parts = list(batches)
    if not parts:
        return Batch(rows_read=0)
    joined = {part: pl.concat([getattr(batch, part) for batch in parts]) for part in PARTS}
    return Batch(rows_read=sum(batch.rows_read for batch in parts), **joined)


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    return Channel(tmp_path)


@pytest.fixture
def chunks_of() -> Callable[..., Any]:
    return together
