"""What a run of the generator wrote."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class GenerateReport:
    """The files of one run, counted as the declared channels will read them.

    `records` are source records (of `companies`: companies), `events` canonical events, and
    `bad_rows` rows broken on purpose, each by channel. Equal arguments give equal reports.
    """

    folder: Path
    seed: int
    people: int
    records: Mapping[str, int]
    events: Mapping[str, int]
    bad_rows: Mapping[str, int]
    truth: Path | None  # Parquet: channel, record_key, person_id
