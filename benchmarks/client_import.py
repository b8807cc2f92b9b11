"""Importing the client in a process of its own, beside importing pydantic and httpx alone."""

import subprocess
import sys

from rich.console import Console

from benchmarks.machine import described

RUNS = 10
AIM = 0.3  # s
SPENT = "import time; began = time.process_time(); {}; print(time.process_time() - began)"
console = Console(width=110)


def seconds(statement: str) -> float:
    """Processor seconds of a statement in a fresh process, the least of some runs."""
    program = SPENT.format(statement)
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
        for _ in range(RUNS)
    ]
    return min(float(ran.stdout) for ran in runs)


def main() -> None:
    """Print both, and the ratio."""
    ours, theirs = seconds("import cdp.client"), seconds("import pydantic, httpx")
    console.print(f"import of the client: {described()}")
    console.print(
        f"  import cdp.client {ours:.2f} s, import pydantic, httpx {theirs:.2f} s: "
        f"[bold]{ours / theirs:.2f} x[/bold] (aim {AIM} s in all)"
    )


if __name__ == "__main__":
    main()
