"""API keys: made, found and revoked; only a digest of their secret part is kept."""

import hmac
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, get_args

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from cdp.errors import InvalidRequest, KeyNotFound, KeyRefused, ScopeMissing
from cdp.store.database import Database

Scope = Literal["ingest", "read", "steward", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
DEFAULT_RATE = 1_000

# Letters and digits only: a key stands in URLs, user names and JSON as it is.
ALPHABET = string.ascii_letters + string.digits
ID_LENGTH, SECRET_LENGTH = 12, 43  # 43 letters of 62 are 256 bits: no salt, no slow hash needed
PREFIX = "cdp"

COLUMNS = """key_id, name, secret_hash, scopes, channel, fields, purposes, requests_per_second,
    created_at, expires_at, revoked_at, last_used_at"""
INSERT = f"""
INSERT INTO api_key ({COLUMNS})
VALUES (%(key_id)s, %(name)s, %(secret_hash)s, %(scopes)s, %(channel)s, %(fields)s, %(purposes)s,
        %(requests_per_second)s, %(created_at)s, %(expires_at)s, NULL, NULL)
RETURNING {COLUMNS}"""
BY_ID = f"SELECT {COLUMNS} FROM api_key WHERE key_id = %s"
ALL = f"SELECT {COLUMNS} FROM api_key ORDER BY created_at, key_id"
REVOKE = """
UPDATE api_key SET revoked_at = coalesce(revoked_at, %s) WHERE key_id = %s RETURNING key_id"""
# Listeners forget the key the moment this commits.
REVOKED = "key_revoked"
TELL = f"SELECT pg_notify('{REVOKED}', %s)"
TOUCH = """
UPDATE api_key AS k SET last_used_at = greatest(k.last_used_at, used.at)
FROM unnest(%s::text[], %s::timestamptz[]) AS used (key_id, at) WHERE k.key_id = used.key_id"""


@dataclass(frozen=True)
class Key:
    """A key as it is kept: what it opens, for whom and until when."""

    key_id: str
    name: str
    secret_hash: str
    scopes: Sequence[Scope]
    channel: str | None
    fields: Sequence[str] | None
    purposes: Sequence[str] | None
    requests_per_second: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def opens(self, scope: Scope) -> bool:
        """Whether the key has `scope`; `admin` opens everything."""
        return scope in self.scopes or "admin" in self.scopes

    def is_valid(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create(
    database: Database,
    name: str,
    scopes: Sequence[Scope],
    *,
    channel: str | None = None,
    fields: Sequence[str] | None = None,
    purposes: Sequence[str] | None = None,
    requests_per_second: int = DEFAULT_RATE,
    expires_at: datetime | None = None,
) -> tuple[Key, str]:
    """Make a key; it and its secret, which cannot be read again.

    `channel`: the channel that events pushed with it belong to. `fields` and `purposes`: what a
    reader may see and wherefor; None: everything. Raises InvalidRequest.
    """
    for scope in scopes:
        if scope not in SCOPES:
            raise InvalidRequest(f"no scope is called {scope!r}; there are {', '.join(SCOPES)}")
    if not scopes:
        raise InvalidRequest(f"a key needs a scope: {', '.join(SCOPES)}")
    key_id, secret = _random(ID_LENGTH), _random(SECRET_LENGTH)
    row = {
        "key_id": key_id,
        "name": name,
        "secret_hash": _digest(secret),
        "scopes": Jsonb(list(scopes)),
        "channel": channel,
        "fields": Jsonb(list(fields)) if fields is not None else None,
        "purposes": Jsonb(list(purposes)) if purposes is not None else None,
        "requests_per_second": requests_per_second,
        "created_at": datetime.now(UTC),
        "expires_at": expires_at,
    }
    with database.autocommit() as connection, connection.cursor(row_factory=class_row(Key)) as rows:
        made = rows.execute(INSERT, row).fetchone()
    assert made  # noqa: S101  an INSERT without conflict returns its row
    return made, f"{PREFIX}_{key_id}_{secret}"


def key_id_of(secret: str) -> str:
    """The public part of a key as its bearer sends it. Raises KeyRefused where it is none."""
    parts = secret.split("_")
    if len(parts) != 3 or parts[0] != PREFIX or not secret.isascii() or "\0" in secret:
        raise KeyRefused
    return parts[1]


def checked(key: Key | None, secret: str, scope: Scope) -> Key:
    """`key` if `secret` is its own, it is valid now and opens `scope`.

    Raises KeyRefused, ScopeMissing. The same answer for an unknown key and a wrong secret.
    """
    digest = _digest(secret.rpartition("_")[2])
    is_its_own = hmac.compare_digest(digest, key.secret_hash if key else "")
    if key is None or not is_its_own or not key.is_valid(datetime.now(UTC)):
        raise KeyRefused
    if not key.opens(scope):
        raise ScopeMissing(f"the key {key.key_id} has no scope {scope!r}; use one that has")
    return key


def authenticate(database: Database, secret: str, scope: Scope) -> Key:
    """The key that `secret` is, if it is valid now and opens `scope`; read anew at each call.

    Raises KeyRefused, ScopeMissing.
    """
    return checked(find(database, key_id_of(secret)), secret, scope)


def find(database: Database, key_id: str) -> Key | None:
    """The key of that id, if there is one."""
    with database.autocommit() as connection, connection.cursor(row_factory=class_row(Key)) as rows:
        return rows.execute(BY_ID, (key_id,), prepare=True).fetchone()


def every(database: Database) -> list[Key]:
    """All keys, in the order in which they were made."""
    with database.autocommit() as connection, connection.cursor(row_factory=class_row(Key)) as rows:
        return rows.execute(ALL).fetchall()


def revoke(database: Database, key_id: str) -> None:
    """Revoke a key, in every process that knows it, for good. Raises KeyNotFound."""
    with database.autocommit() as connection, connection.transaction():
        if not connection.execute(REVOKE, (datetime.now(UTC), key_id)).fetchone():
            raise KeyNotFound(f"no key has the id {key_id!r}; `cdp key list` shows those there are")
        connection.execute(TELL, (key_id,))


def touch(database: Database, used: dict[str, datetime]) -> None:
    """Note when each of these keys was last used."""
    with database.autocommit() as connection:
        connection.execute(TOUCH, (list(used), list(used.values())))


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
