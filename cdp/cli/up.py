"""Everything that can be served of a store, with one command: schema, a key, addresses, the service."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from typing import TYPE_CHECKING

import typer

from cdp.cli.serve import Host, Port, Workers, serve

if TYPE_CHECKING:
    from cdp.store.database import Database

NAME = "make up"  # of the key; the one before is revoked


def up(host: Host = "127.0.0.1", port: Port = 8080, workers: Workers = 1) -> None:
    """Bring the schema up to date, make a key, print addresses, and serve until Ctrl-C.

    The key pushes and reads; each start makes a new one and revokes the one before.
    """
    from contextlib import closing

    from cdp.store.database import Database
    from cdp.store.schema import migrate

    with closing(Database()) as database:
        migrate(database)
        typer.echo(_welcome(f"http://{host}:{port}", _fresh_key(database)))
        serve(host, port, workers)


def _fresh_key(database: "Database") -> str:
    from cdp.store import keys

    for key in keys.every(database):
        if key.name == NAME and key.revoked_at is None:
            keys.revoke(database, key.key_id)
    return keys.create(database, NAME, ["ingest", "read"], channel="make_up")[1]


def _welcome(url: str, key: str) -> str:
    return f"""
  service   {url}
  API       {url}/docs
  key       {key}   (a write key for SDKs, and reads; the one of the last start is revoked)

  push      curl -u {key}: {url}/v1/identify \\
              -d '{{"userId": "ann", "traits": {{"email": "ann@example.com", "firstName": "Ann"}}}}'
  look up   curl -u {key}: {url}/v1/profiles/email:ann%40example.com
  search    curl -u {key}: '{url}/v1/profiles?search=ann'
"""
