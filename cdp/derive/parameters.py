"""The fitted figures in force: what conclusions take from the whole base instead of one profile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import URL, Connection

from cdp.store.derive import facts as store


@dataclass(frozen=True)
class Parameters:
    """One version of the fitted figures; between two of them every trait is a pure function."""

    version: int
    fitted_at: datetime
    document: Mapping[str, Any]
    _prepared: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, name: str, prepare: Callable[["Parameters"], Any]) -> Any:
        """What `prepare` makes of these figures, made once for all profiles."""
        if name not in self._prepared:
            self._prepared[name] = prepare(self)
        return self._prepared[name]

    def of(self, family: str) -> Mapping[str, Any]:
        """The figures of one family; empty where it has none."""
        return self.document.get(family, {})


# The last one read by this process: its document can be megabytes.
_latest: dict[tuple[URL, int, datetime], Parameters] = {}


def parameters_in_force(tx: Connection) -> Parameters | None:
    """The newest parameters; None before the first fit."""
    newest = store.newest_parameters(tx)
    if newest is None:
        return None
    key = (tx.engine.url, *newest)
    known = _latest.get(key)
    if known is None:
        found = store.parameters(tx)
        assert found is not None  # noqa: S101  the line above found it
        known = Parameters(*found)
        _latest.clear()
        _latest[key] = known
    return known
