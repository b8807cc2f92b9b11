"""Logging: ids and counts as JSON lines on stderr, and never a word of a person."""

import logging
import sys
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any
from uuid import UUID

# Texts that our own code and declarations choose; any other text may be personal data.
WORDS = frozenset({"event", "level", "channel", "revision", "error"})


class Log:
    """The log of this process: silent until it is opened."""

    def __init__(self) -> None:
        self._logger: Any = None

    def __call__(self, event: str, **facts: Any) -> None:
        """Note that `event` happened."""
        if self._logger:
            self._logger.info(event, **facts)

    def close(self) -> None:
        """Be silent again."""
        self._logger = None

    def open(self) -> None:
        """Write every entry to stderr from now on."""
        import structlog  # noqa: PLC0415  slow to import, and few want to read a log

        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(sys.stderr),
            processors=[
                structlog.processors.add_log_level,
                without_personal_data,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(),
            ],
        )


log = Log()


def silence_libraries() -> None:
    """Keep the connection pool from logging, with a traceback, what it raises anyway."""
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


def without_personal_data(
    _logger: object, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """`entry` with its ids, numbers, times and known words; other texts are withheld."""
    for name, value in entry.items():
        if isinstance(value, UUID | datetime):
            entry[name] = str(value)
        elif name not in WORDS and not isinstance(value, int | float | None):
            entry[name] = "withheld"
    return entry
