"""Many look-ups at once, in two statements whatever their number."""

from collections.abc import Sequence
from uuid import UUID

import psycopg

from cdp.errors import InvalidRequest
from cdp.identity.refs import parsed
from cdp.model.answers import Found
from cdp.model.profile import Profile
from cdp.store.profile import read


def lookup(connection: psycopg.Connection, refs: Sequence[str]) -> list[Found]:
    """What each ref stands for, in their order."""
    named: dict[int, UUID | tuple[str, str]] = {}
    errors: dict[int, str] = {}
    for n, ref in enumerate(refs):
        try:
            named[n] = parsed(connection, ref)
        except InvalidRequest as error:
            errors[n] = error.code
    ids = {n: it for n, it in named.items() if isinstance(it, UUID)}
    pairs = {n: it for n, it in named.items() if not isinstance(it, UUID)}
    bodies: dict[int, list[str]] = {}
    for n, body in (*read.bodies_by_id(connection, ids), *read.bodies_by_pair(connection, pairs)):
        bodies.setdefault(n, []).append(body)
    return [
        Found(
            ref=ref,
            profiles=[Profile.model_validate_json(body) for body in bodies.get(n, ())],
            error=errors.get(n),
        )
        for n, ref in enumerate(refs)
    ]
