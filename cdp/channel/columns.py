"""How a column is declared: its type and how its cells are written."""

import datetime as dt
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from polars.exceptions import PolarsError
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cdp.channel.sources import Character, Declared

ColumnType = Literal["string", "integer", "number", "money", "boolean", "date", "datetime", "list"]
EPOCHS: dict[str, Literal["s", "ms"]] = {"epoch": "s", "epoch_ms": "ms"}
_SAMPLE = pl.Series([dt.datetime(2024, 2, 29, 13, 45, 59, tzinfo=dt.UTC)])


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write for example Europe/Berlin") from None
    return name


def _format(text: str) -> str:
    if text in EPOCHS:
        return text
    try:
        read = _SAMPLE.dt.strftime(text).str.to_date(text, strict=False)
    except PolarsError:
        read = pl.Series([None])
    if read.null_count():
        raise ValueError(
            f"{text!r} is no format of a whole date; write for example %d.%m.%Y or "
            f"%Y-%m-%d %H:%M:%S, or one of {', '.join(EPOCHS)}"
        )
    return text


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Format = Annotated[str, AfterValidator(_format)]


class Column(Declared):
    """The type of one column; a cell that does not read as it sends its row to quarantine."""

    type: ColumnType = "string"
    format: Annotated[
        tuple[Format, ...], BeforeValidator(_several, json_schema_input_type=str | tuple[str, ...])
    ] = Field(
        default=(),
        description="of dates and times, in strptime's letters; the first that reads wins",
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC",
        description="zone of times without one; of an hour told twice the earlier is meant",
    )
    currency: str | None = Field(
        default=None, pattern="^[A-Z]{3}$", description="ISO 4217, of money"
    )
    decimal: Literal[".", ","] | None = Field(default=None, description="default: the source's")
    thousands: Character | None = Field(default=None, description="default: the source's")
    separator: str | None = Field(
        default=None, description="of a list; default: the cell is a JSON array"
    )
    required: bool = Field(default=False, description="an empty cell sends its row to quarantine")
    absent: Literal["error", "ok"] = Field(
        default="error", description="ok: the column may be missing altogether and is then empty"
    )
    path: str | None = Field(
        default=None, description="dotted path into nested JSON, e.g. user.mail"
    )

    @model_validator(mode="after")
    def _options_fit_the_type(self) -> "Column":
        owners = {
            "format": ("date", "datetime"),
            "currency": ("money",),
            "decimal": ("number", "money", "integer"),
            "thousands": ("number", "money", "integer"),
            "separator": ("list",),
        }
        for option, types in owners.items():
            if getattr(self, option) and self.type not in types:
                raise ValueError(
                    f"`{option}` goes with type {' or '.join(types)}, not {self.type}; "
                    f"change the type or leave `{option}` out"
                )
        return self


def _long_form(said: Any) -> Any:
    return {"type": said} if isinstance(said, str) else said


ColumnDeclared = Annotated[
    Column, BeforeValidator(_long_form, json_schema_input_type=ColumnType | Column)
]
