"""How a profile is named from outside: by an id, or by namespace:value."""

import re
from typing import TypeVar
from uuid import UUID

import psycopg

from cdp.errors import AmbiguousIdentifier, InvalidRequest, ProfileNotFound
from cdp.identity.identifiers.normalise import normalise_value
from cdp.identity.policy.declaration import IdentityPolicy, identity_policy
from cdp.identity.policy.live import policy_of_reader
from cdp.settings import settings
from cdp.store.profile import read

Owner = TypeVar("Owner")

NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,63}", re.ASCII)
LONGEST_VALUE = 2_000  # characters; longer ones are refused on their way in, too


def normalised(connection: psycopg.Connection, namespace: str, value: str) -> str:
    """`value` in the form in which its namespace is stored; raises InvalidIdentifier."""
    policy = policy_of_reader(connection, identity_policy(settings().policy))
    return _normalised(policy, namespace, value)


def parsed(connection: psycopg.Connection, ref: UUID | str) -> UUID | tuple[str, str]:
    """The id, or the namespace and its normalised value, that `ref` names.

    Raises InvalidRequest, InvalidIdentifier; neither repeats what may be personal data.
    """
    return named_by(policy_of_reader(connection, identity_policy(settings().policy)), ref)


def named_by(policy: IdentityPolicy, ref: UUID | str) -> UUID | tuple[str, str]:
    """The same by a policy that is at hand."""
    if isinstance(ref, UUID):
        return ref
    namespace, colon, value = ref.partition(":")
    if colon and value and NAMESPACE.fullmatch(namespace):
        return namespace, _normalised(policy, namespace, value)
    return as_id(ref)


def _normalised(policy: IdentityPolicy, namespace: str, value: str) -> str:
    if len(value) > LONGEST_VALUE or "\0" in value:
        raise InvalidRequest(f"a {namespace} of {len(value)} characters is no identifier")
    return normalise_value(namespace, value, policy, settings().default_region)


def as_id(
    ref: UUID | str,
    otherwise: str = "a profile is named by its id (a UUID) or by namespace:value, e.g. customer_id:4711",
) -> UUID:
    """The id that `ref` is. Raises InvalidRequest, which says `otherwise`."""
    try:
        return ref if isinstance(ref, UUID) else UUID(ref)
    except ValueError:
        raise InvalidRequest(otherwise) from None


def resolved(connection: psycopg.Connection, ref: UUID | str) -> UUID:
    """The id of the profile (or of a record of it) that `ref` names.

    Raises ProfileNotFound, AmbiguousIdentifier, InvalidRequest.
    """
    named = parsed(connection, ref)
    if isinstance(named, UUID):
        return named
    return the_only(named[0], read.owners(connection, *named))


def the_only(namespace: str, owners: list[Owner]) -> Owner:
    """The one who carries an identifier. Raises ProfileNotFound, AmbiguousIdentifier."""
    if not owners:
        raise ProfileNotFound(f"no profile carries that {namespace}; try `cdp profile search`")
    if len(owners) > 1:
        raise AmbiguousIdentifier(
            f"{len(owners)} profiles carry that {namespace}; use find, or the id of one of them"
        )
    return owners[0]
