"""Importing the client loads nothing of the store's own machinery (`benchmarks/client_import.py` times it)."""

import json
import subprocess
import sys

LOADED = """
import json, sys
import cdp.client
print(json.dumps(sorted(sys.modules)))
"""
# What pydantic and httpx bring is theirs; these are ours, or what only the store needs.
NOT_NEEDED = {
    "sqlalchemy", "psycopg", "dagster", "polars", "pyarrow", "fastapi", "starlette", "typer",
    "alembic", "yaml", "numpy", "scipy", "splink", "duckdb", "pydantic_settings", "structlog",
}  # fmt: skip
OURS = ("cdp", "cdp.client", "cdp.errors", "cdp.model")


def imported() -> list[str]:
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def test_importing_the_client_loads_only_pydantic_httpx_and_the_model():
    modules = imported()
    assert not NOT_NEEDED & set(modules)
    ours = [name for name in modules if name.partition(".")[0] == "cdp"]
    assert all(name == "cdp" or name.startswith(OURS[1:]) for name in ours)
