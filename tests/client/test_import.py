"""Importing the client costs little and loads nothing of the store's own machinery."""

import json
import subprocess
import sys

LOADED = """
import json, sys, time
began = time.process_time()
import cdp.client
spent = time.process_time() - began
print(json.dumps({"seconds": spent, "modules": sorted(sys.modules)}))
"""
# What pydantic and httpx bring is theirs; these are ours, or what only the store needs.
NOT_NEEDED = {
    "sqlalchemy", "psycopg", "dagster", "polars", "pyarrow", "fastapi", "starlette", "typer",
    "alembic", "yaml", "numpy", "scipy", "splink", "duckdb", "pydantic_settings", "structlog",
}  # fmt: skip
UNAVOIDABLE = """
import asyncio, ssl
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, WithJsonSchema
class First(BaseModel):  # with which pydantic looks for plugins
    name: str
"""
OURS = ("cdp", "cdp.client", "cdp.errors", "cdp.model")


def imported() -> dict:
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def test_importing_the_client_loads_only_pydantic_httpx_and_the_model():
    modules = imported()["modules"]
    assert not NOT_NEEDED & set(modules)
    ours = [name for name in modules if name.partition(".")[0] == "cdp"]
    assert all(name == "cdp" or name.startswith(OURS[1:]) for name in ours)


def seconds(program: str) -> float:
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)["seconds"]


def test_importing_the_client_takes_little_more_than_importing_pydantic():
    """Under 0.3 s on a quiet machine (docs/client.md); here beside what cannot be avoided.

    Not even processor time tells on a busy machine how long it takes on a quiet one.
    """
    bare = LOADED.replace("import cdp.client", UNAVOIDABLE)
    ours, theirs = min(seconds(LOADED) for _ in range(3)), min(seconds(bare) for _ in range(3))
    assert ours < 0.3 or ours < theirs * 1.5
