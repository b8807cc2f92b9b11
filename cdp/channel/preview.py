"""What the first rows of a sample would become, before anything is landed."""

import dataclasses
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict

from cdp.channel.chunk import Chunk
from cdp.channel.delivery import sample_delivery
from cdp.channel.mapping import Mapper
from cdp.channel.reading import chunks, file_chunks
from cdp.channel.sources import Files, FileShape
from cdp.channel.spec import ROW, ChannelSpec
from cdp.errors import ChannelContractError
from cdp.model.batch import Batch
from cdp.settings import Settings
from cdp.settings import settings as default_settings

PARTS = ("records", "identifiers", "events", "consents", "memberships", "accounts", "rejects")


class Preview(BaseModel):
    """The canonical words of the first rows of a sample; each part a list of its lines."""

    model_config = ConfigDict(frozen=True)

    channel: str
    sample: str
    rows_read: int
    records: list[dict[str, Any]]
    identifiers: list[dict[str, Any]]
    events: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    memberships: list[dict[str, Any]]
    accounts: list[dict[str, Any]]
    rejects: list[dict[str, Any]]


def preview(
    spec: ChannelSpec, sample: Path, rows: int = 5, settings: Settings | None = None
) -> Preview:
    """What the first `rows` rows of the file `sample` would become; files are joined as declared.

    A sample of a table or REST channel is a file of its rows. Raises as reading the channel does, with
    the words of an error of its Python function.
    """
    try:
        batch = _first_batch(spec, sample, rows, settings or default_settings())
    except ChannelContractError as error:
        # Of the author's own sample and function all may be seen.
        raise ChannelContractError(
            f"{error}: {error.__cause__}" if error.__cause__ else str(error)
        ) from None
    return Preview(
        channel=spec.channel,
        sample=sample.name,
        rows_read=batch.rows_read,
        **{part: getattr(batch, part).to_dicts() for part in PARTS},
    )


def _first_batch(spec: ChannelSpec, sample: Path, rows: int, settings: Settings) -> Batch:
    if isinstance(spec.source, Files):
        found = chunks(spec, sample_delivery(spec, sample, settings))
    else:
        found = file_chunks(sample, FileShape(), spec, spec.columns_delivered())
    mapper = Mapper(spec, sample.name)
    for chunk in found:
        if chunk.rows:
            return mapper.batch(_head(chunk, rows))
    return Batch(rows_read=0)


def _head(chunk: Chunk, rows: int) -> Chunk:
    numbers = pl.concat([chunk.frame[ROW], chunk.rejects["row"]]).sort()
    last = numbers.head(rows).max()
    return dataclasses.replace(
        chunk,
        frame=chunk.frame.filter(pl.col(ROW) <= last),
        rejects=chunk.rejects.filter(pl.col("row") <= last),
    )
