"""The small expressions of a declaration: Polars SQL over the columns of one row."""

import re
from functools import cache
from typing import Annotated, Any

import polars as pl
from polars.exceptions import PolarsError
from pydantic import AfterValidator, BeforeValidator, Field

NAME = re.compile(r"[A-Za-z_]\w*")
CURRENCY = re.compile(r"[A-Z]{3}")


@cache
def expression(text: str) -> pl.Expr:
    """The Polars expression that `text` says in SQL; ValueError with the parser's words if none."""
    if NAME.fullmatch(text) and text.lower() not in ("true", "false", "null"):
        # Alone, a word of SQL like user, date or order is a column as well.
        return pl.col(text)
    try:
        found = pl.sql_expr(text)
    except PolarsError as error:
        said = str(error).splitlines()[0]
        hint = (
            """put a column named like a word of SQL, or with spaces, in "...", a text in '...'"""
        )
        raise ValueError(f"{text!r} is no expression: {said}; {hint}") from None
    if not found.meta.undo_aliases().meta.eq(found):
        # SQL reads `First Name` as the column First, called Name.
        raise ValueError(
            f"{text!r} gives a column another name; put a column with spaces in double quotes inside "
            f"single ones, as in '\"First Name\"'"
        )
    return found


@cache
def columns_of(text: str) -> frozenset[str]:
    """The columns that the expression reads."""
    return frozenset(expression(text).meta.root_names())


def literal(word: str) -> str:
    """The expression of a fixed text."""
    return "'" + word.replace("'", "''") + "'"


def word_or_expression(said: str) -> str:
    """`said` as an expression; a plain word means itself, even where a column has its name."""
    return literal(said) if NAME.fullmatch(said) else said


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _parses(text: str) -> str:
    expression(text)
    return text


Expression = Annotated[
    str,
    BeforeValidator(_as_text),
    AfterValidator(_parses),
    Field(description="Polars SQL over the columns, for example: lower(trim(mail))"),
]


def _differs(text: str) -> str:
    """A key that reads no column would be the same of every row."""
    if not columns_of(text):
        raise ValueError(
            f"{text!r} names no column, so every row would have the same key; put a column named like "
            "a word of YAML (no, yes, on, off) or a number in quotes"
        )
    return text


Key = Annotated[Expression, AfterValidator(_differs)]


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float) else value


Keys = Annotated[
    tuple[Key, ...], BeforeValidator(_several, json_schema_input_type=str | tuple[str, ...])
]
Expressions = Annotated[
    tuple[Expression, ...], BeforeValidator(_several, json_schema_input_type=str | tuple[str, ...])
]
