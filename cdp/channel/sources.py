"""Where a channel reads from: files, a database table or a REST endpoint."""

import codecs
import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from cdp.channel.expressions import Expression

Format = Literal["csv", "tsv", "jsonl", "parquet"]
FORMATS: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


class Declared(BaseModel):
    """Part of a declaration: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _one_character(text: str) -> str:
    if len(text) != 1:
        raise ValueError(f"{text!r} is not one character; write for example ';' or \"\\t\"")
    return text


def _encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError(
            f"{name!r} is no encoding; write for example utf-8, cp1252, latin-1 or utf-16"
        ) from None


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(
            "this must be the NAME of an environment variable (letters, digits, _), "
            "so that no secret lies in the declaration"
        )
    return name


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None
    if groups != 1:
        raise ValueError(f"{text!r} has {groups} groups; put one pair of (...) around the ISO date")
    return text


Character = Annotated[str, AfterValidator(_one_character)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Variable = Annotated[str, AfterValidator(_variable)]


class FileShape(Declared):
    """How the cells of a file are written."""

    format: Format | None = Field(default=None, description="default: from the file's extension")
    encoding: Encoding = "utf-8"
    delimiter: Character | None = Field(
        default=None, description="default: ',' for csv, tab for tsv"
    )
    quote: Character = '"'
    null_values: tuple[str, ...] = Field(default=("",), description="cells that say: no value")
    decimal: Literal[".", ","] = "."
    thousands: Character | None = Field(
        default=None, description="separator of thousands, for example '.'"
    )


class Partition(Declared):
    """A day in the name of each file, which is also the time of its delivery."""

    pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        description="regular expression whose group 1 is an ISO date, e.g. (\\d{4}-\\d{2}-\\d{2})"
    )
    start: str = Field(
        description="first day there is, as an ISO date", pattern=r"^\d{4}-\d\d-\d\d$"
    )


class Join(FileShape):
    """A second file of the same drop, joined from the left: rows without a match get nulls."""

    path: str = Field(description="as the source's path; {partition} stands for the file's day")
    # Not `on`: YAML 1.1 reads that key as true.
    by: str | tuple[str, ...] = Field(description="column or columns of that name on both sides")
    columns: tuple[str, ...] = Field(default=(), description="columns to take from the second file")
    aggregate: Mapping[str, Expression] = Field(
        default_factory=dict, description="new column: aggregate, e.g. paid: sum(payment_value)"
    )

    @model_validator(mode="after")
    def _takes_something(self) -> "Join":
        if bool(self.columns) == bool(self.aggregate):
            raise ValueError("say either `columns` (one row per match) or `aggregate`")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns both sides share."""
        return (self.by,) if isinstance(self.by, str) else self.by


class Files(FileShape):
    """Files of one path, glob or folder; .gz and .zst are unpacked."""

    kind: Literal["files"]
    path: str = Field(
        description="{data} stands for CDP_DATA; a relative path starts at the declaration's folder"
    )
    partition: Partition | None = None
    joins: tuple[Join, ...] = ()


class Table(Declared):
    """A table or query of a database, read on from a cursor column."""

    kind: Literal["table"]
    url_env: Variable = Field(description="name of the variable that holds the SQLAlchemy URL")
    table: str | None = None
    query: str | None = None
    cursor: str | None = Field(
        default=None, description="column that grows; absent: all rows each time"
    )
    batch_rows: int = Field(default=100_000, ge=1)
    null_values: tuple[str, ...] = ("",)

    @model_validator(mode="after")
    def _one_origin(self) -> "Table":
        if bool(self.table) == bool(self.query):
            raise ValueError("say either `table` or `query`")
        return self


class Page(Declared):
    """Pages counted by number, until one is empty or short."""

    kind: Literal["page"]
    param: str = "page"
    start: int = 1
    size_param: str | None = None
    size: int | None = Field(
        default=None, ge=1, description="a page with fewer items is the last one"
    )


class Offset(Declared):
    """Pages by the number of items to skip, until one is empty or short."""

    kind: Literal["offset"]
    param: str = "offset"
    size_param: str = "limit"
    size: int = Field(default=100, ge=1)


class CursorPaging(Declared):
    """Each answer names the cursor of the next page, until it names none."""

    kind: Literal["cursor"]
    param: str = "cursor"
    next: str = Field(description="dotted path of the next cursor in the answer, e.g. meta.next")


class LinkPaging(Declared):
    """The Link header with rel="next" leads on."""

    kind: Literal["link"]


class NoPaging(Declared):
    """One answer holds everything."""

    kind: Literal["none"]


Paging = Annotated[
    Page | Offset | CursorPaging | LinkPaging | NoPaging, Field(discriminator="kind")
]


class Since(Declared):
    """How to ask for what is new: the largest value of `field` seen so far goes into `param`."""

    param: str
    field: str


class Retry(Declared):
    """How often and how patiently to ask again after 429, 5xx or a broken connection."""

    attempts: int = Field(default=5, ge=1, le=20)
    wait: float = Field(
        default=0.5, ge=0, description="seconds before the second attempt; doubles each time"
    )
    longest: float = Field(default=60, gt=0, description="seconds; also the limit for Retry-After")


class Rest(Declared):
    """A REST endpoint that answers JSON."""

    kind: Literal["rest"]
    url: str = Field(pattern=r"^https?://")
    headers_env: Mapping[str, Variable] = Field(
        default_factory=dict, description="header: name of the variable that holds its value"
    )
    params: Mapping[str, str | int | float | bool] = Field(default_factory=dict)
    items: str = Field(
        default="", description="dotted path of the list in the answer; empty: the answer"
    )
    paging: Paging = NoPaging(kind="none")
    cursor: Since | None = None
    timeout: float = Field(default=30, gt=0, description="seconds to wait for each answer")
    retry: Retry = Retry()
    null_values: tuple[str, ...] = ("",)


Source = Annotated[Files | Table | Rest, Field(discriminator="kind")]
