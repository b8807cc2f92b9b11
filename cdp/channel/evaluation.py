"""Expressions and types of a declaration, applied to the columns of a chunk."""

import difflib
from collections.abc import Collection, Mapping, Sequence

import polars as pl
from polars.exceptions import PolarsError

from cdp.channel.cells import typed
from cdp.channel.columns import Column
from cdp.channel.expressions import columns_of, expression
from cdp.channel.faults import Faults
from cdp.channel.outputs import Output
from cdp.channel.sources import FileShape
from cdp.channel.spec import ROW, ChannelSpec
from cdp.errors import ChannelContractError


def kept_contract(
    frame: pl.DataFrame, spec: ChannelSpec, name: str, present: Collection[str]
) -> pl.DataFrame:
    """`frame` with every column the channel reads; those that may be absent are empty.

    Raises ChannelContractError naming the missing column and the nearest there is.
    """
    missing = sorted(spec.columns_read() - set(frame.columns))
    fatal = [column for column in missing if not spec.may_be_absent(column)]
    if fatal:
        known = [column for column in (present or frame.columns) if not column.startswith("_")]
        near = difflib.get_close_matches(fatal[0], known, n=1, cutoff=0.5)
        hint = f"the nearest is {near[0]!r}" if near else "there are: " + ", ".join(known[:20])
        used = ", ".join(key for key, text in spec.expressions() if fatal[0] in columns_of(text))
        raise ChannelContractError(
            f"{name}: column {fatal[0]!r} is not there ({hint}); it is used by {used or 'columns'}. "
            "If it was renamed, change the declaration; if it may be missing, declare it under "
            "`columns` with `absent: ok`"
        )
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(column) for column in missing)


def columns_in_notation(columns: Mapping[str, Column], shape: FileShape) -> dict[str, Column]:
    """The declared columns with the source's decimal and thousands where they say none."""
    return {name: _in_notation(column, shape) for name, column in columns.items()}


def _in_notation(column: Column, shape: FileShape) -> Column:
    if column.type not in ("number", "money", "integer"):
        return column
    defaults = {"decimal": shape.decimal, "thousands": shape.thousands}
    return column.model_copy(
        update=defaults | column.model_dump(include=set(defaults), exclude_none=True)
    )


def typed_columns(
    frame: pl.DataFrame, columns: Mapping[str, Column], faults: Faults
) -> pl.DataFrame:
    """`frame` with the declared columns in their types."""
    read = []
    for name, column in columns.items():
        if name not in frame.columns:
            continue
        cells = frame[name]
        values = typed(cells, column)
        faults.add_unread(values, cells, name, f"is no {described(column)}")
        if column.required and cells.null_count():
            faults.add(cells.is_null(), name, "required", "is empty, but the column is required")
        read.append(values.alias(name))
    return frame.with_columns(read)


def described(column: Column) -> str:
    """The type of a column in words, for a reason."""
    forms = f" of the form {' or '.join(column.format)}" if column.format else ""
    zone = f" in {column.timezone}" if column.timezone != "UTC" else ""
    points = f" with decimal {column.decimal!r}" if column.decimal == "," else ""
    kind = "amount of money" if column.type == "money" else column.type
    return f"{kind}{forms}{zone}{points}"


def evaluated(frame: pl.DataFrame, outputs: Sequence[Output], name: str) -> pl.DataFrame:
    """One column per output over the rows of `frame`, and the row number.

    Raises ChannelContractError naming the expression that these columns do not allow.
    """
    try:
        return frame.select(ROW, **_expressions(outputs))
    except PolarsError:
        _find_culprit(frame, outputs, name)
        raise


def grouped(
    frame: pl.DataFrame, groups: Sequence[str], outputs: Sequence[Output], name: str
) -> pl.DataFrame:
    """One row per group, in order of appearance: the outputs, and in `_row` the list of its rows.

    An expression without an aggregate means the first row of its group.
    """
    by = {f"_group_{n}": expression(text) for n, text in enumerate(groups)}
    lazy = frame.lazy().group_by(**by, maintain_order=True)
    wanted = _expressions(outputs)
    try:
        schema = lazy.agg(**wanted).collect_schema()
        single = {
            key: each.first() if isinstance(schema[key], pl.List) else each
            for key, each in wanted.items()
        }
        return lazy.agg(ROW, **single).collect()
    except PolarsError:
        _find_culprit(frame, outputs, name)
        raise


def _expressions(outputs: Sequence[Output]) -> dict[str, pl.Expr]:
    return {output.name: expression(output.text) for output in outputs}


def _find_culprit(frame: pl.DataFrame, outputs: Sequence[Output], name: str) -> None:
    for output in outputs:
        try:
            frame.select(expression(output.text))
        except PolarsError as error:
            # What follows cites cells, and cells may be about people.
            said = str(error).splitlines()[0].partition(" failed")[0].partition(":")[0]
            used = sorted(columns_of(output.text))
            types = ", ".join(f"{each}: {frame.schema[each]}" for each in used)
            raise ChannelContractError(
                f"{name}: {output.field}: {output.text!r} cannot be computed over {types} ({said}); "
                "declare the types of its columns under `columns`, or use try_cast"
            ) from None
