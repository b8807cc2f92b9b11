"""The way out for a shape that no declaration expresses: one pure function beside the declaration."""

import importlib.util
import traceback
from collections.abc import Callable
from pathlib import Path

import polars as pl

from cdp.channel.spec import ROW, ChannelSpec
from cdp.errors import ChannelContractError, ChannelDeclarationError

Escape = Callable[[pl.DataFrame], pl.DataFrame]


def escape_of(spec: ChannelSpec) -> Escape | None:
    """The function that `python: module:function` names, None if the channel has none.

    Raises ChannelDeclarationError if the file or the function is not there or does not load.
    """
    if spec.python is None:
        return None
    module, _, function = spec.python.partition(":")
    file = spec.folder / f"{module}.py"
    found = importlib.util.spec_from_file_location(f"cdp_channel_{spec.channel}_{module}", file)
    if not file.is_file() or found is None or found.loader is None:
        raise ChannelDeclarationError(f"{spec.folder}: python: there is no file {file.name}")
    loaded = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(loaded)
        return getattr(loaded, function)
    except AttributeError:
        raise ChannelDeclarationError(f"{file}: python: has no function {function!r}") from None
    except Exception as error:
        raise ChannelDeclarationError(f"{file}: python: does not load: {error}") from error


def reshaped(frame: pl.DataFrame, escape: Escape, name: str) -> pl.DataFrame:
    """What the function makes of `frame`.

    Raises ChannelContractError naming the delivery if the function fails or gives no frame.
    """
    try:
        made = escape(frame)
    except Exception as error:
        # Its words may hold cells: only `cdp channel check` shows them.
        raise ChannelContractError(
            f"{name}: python: the function failed with {type(error).__name__}{_place(error)}; "
            "run it on a sample with `cdp channel check`"
        ) from error
    if not isinstance(made, pl.DataFrame):
        raise ChannelContractError(
            f"{name}: python: the function gave {type(made).__name__}, not a polars DataFrame"
        )
    if ROW not in made.columns or made[ROW].null_count():
        raise ChannelContractError(
            f"{name}: python: the function must keep the column {ROW!r}, by which rows are counted"
        )
    return made


def _place(error: Exception) -> str:
    """The line of the function that failed."""
    _, *inner = traceback.extract_tb(error.__traceback__)
    return f" at {Path(inner[0].filename).name}:{inner[0].lineno}" if inner else ""
