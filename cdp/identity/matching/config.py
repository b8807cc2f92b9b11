"""The configuration of a file to resolve: which column says what. Labels are no role."""

from pathlib import Path
from typing import Any, Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cdp.errors import InvalidRequest
from cdp.identity.matching.model import Engine
from cdp.identity.matching.roles import SINGLE, Role, guessed_together
from cdp.model.fault import first_fault


class Column(BaseModel):
    """What one column says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    namespace: str | None = Field(
        default=None, description="of an identifier: how the identity policy calls it"
    )


class FileConfig(BaseModel):
    """What the columns of a file say. Columns that are not named are never read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    record_key: str | None = Field(default=None, description="column; default: the row's number")
    source: str | None = Field(default=None, description="column: which source a record is from")
    clean_sources: tuple[str, ...] | Literal["all"] = Field(
        default=(), description="sources in which nobody stands twice"
    )
    columns: dict[str, Column]
    region: str = Field(default="US", description="of phone numbers without a country code")
    engine: Engine = "duckdb"
    merge: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="probability from which to merge; default: as low as precision allows",
    )

    @field_validator("columns", mode="before")
    @classmethod
    def _spelled_out(cls, columns: Any) -> Any:
        """`column: role` and `column: identifier <namespace>` are short for the mapping."""
        if not columns:
            raise ValueError("no column has a role; give one to each that tells about the person")
        if not isinstance(columns, dict):
            return columns
        return {name: _column(said) for name, said in columns.items()}

    def named(self, role: str) -> list[str]:
        """The columns of a role, in the order of the file."""
        return [name for name, column in self.columns.items() if column.role == role]


def _column(said: Any) -> Any:
    if not isinstance(said, str):
        return said
    role, _, namespace = said.strip().partition(" ")
    return {"role": role, "namespace": namespace.strip() or None}


def load_config(path: Path) -> FileConfig:
    """The configuration in the YAML file `path`.

    Raises:
        InvalidRequest: it cannot be read or is not one; the message names the key.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return FileConfig.model_validate(document)
    except OSError as error:
        raise InvalidRequest(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise InvalidRequest(f"{path}: is no YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise InvalidRequest(f"{path}: {first_fault(error, 'the file')}") from None


def proposed(frame: pl.DataFrame) -> str:
    """A configuration for `frame`, guessed from the names of its columns, as YAML to be edited."""
    key = next(
        (c for c in frame.columns if frame[c].n_unique() == frame.height and _is_key(c)), None
    )
    lines = [f"record_key: {key}" if key else "# record_key: none found; the row's number is taken"]
    source = next((c for c in frame.columns if c.lower() in _SOURCES), None)
    if source:
        lines += [f"source: {source}", "# clean_sources: [names of sources that hold nobody twice]"]
    lines.append("columns:")
    taken: set[str] = set()
    roles = guessed_together([c for c in frame.columns if c not in (key, source)])
    for column, role in roles.items():
        if role in (None, "ignore", *taken):
            lines.append(f"  # {column}: not used; give it a role if it tells about the person")
            continue
        lines.append(f"  {column}: {role}")
        taken |= {role} & set(SINGLE)
    return "\n".join(lines) + "\n"


_SOURCES = ("source", "channel", "source_dataset", "dataset", "system", "origin")


def _is_key(column: str) -> bool:
    return column.lower().rstrip("_").endswith(("id", "key", "uid", "number", "no", "nr"))
