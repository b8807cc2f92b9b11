"""The command line: `cdp`."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command (default: the one in sys.argv) and exit.

    Exit codes: 0 done, 1 it could not be done or a delivery failed, 2 wrongly asked, 130 Ctrl-C.
    """
    try:
        from cdp.cli.app import run  # noqa: PLC0415  Ctrl-C while modules load is clean, too

        run(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
