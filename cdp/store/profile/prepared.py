"""The look-ups of one profile, prepared once per connection and run without a cursor."""

from uuid import UUID

import psycopg
from psycopg import pq

from cdp.store.persona import situations
from cdp.store.profile.read import BY_ID, BY_RECORD, FIND

BY_IDENTIFIER, BY_PROFILE, BY_MEMBER = b"cdp_find", b"cdp_by_id", b"cdp_by_record"


def _numbered(statement: str) -> bytes:
    first, *others = statement.split("%s")
    return (first + "".join(f"${n}{part}" for n, part in enumerate(others, start=1))).encode()


# By name, with $1 where psycopg writes %s: this talks to libpq itself, because psycopg's cursors
# take about as long as the look-up.
STATEMENTS = {
    name: _numbered(statement)
    for name, statement in {
        BY_IDENTIFIER: FIND,
        BY_PROFILE: BY_ID,
        BY_MEMBER: BY_RECORD,
        **situations.PREPARED,
    }.items()
}

Row = tuple[bytes, ...]
# A profile's id, and its body as JSON text.
Body = tuple[UUID, str]


def prepare(connection: psycopg.Connection) -> None:
    """Make the statements known to the connection."""
    for name, statement in STATEMENTS.items():
        connection.pgconn.prepare(name, statement)


def one_body(connection: psycopg.Connection, profile_id: UUID) -> Body | None:
    """The id and body of the profile that this id, or any of its records' uids, stands for."""
    for statement in (BY_PROFILE, BY_MEMBER):
        if found := rows(connection, statement, str(profile_id)):
            return _body(found[0])
    return None


def bodies_with(connection: psycopg.Connection, namespace: str, value: str) -> list[Body]:
    """The ids and bodies of the profiles that carry a normalised identifier."""
    return [_body(row) for row in rows(connection, BY_IDENTIFIER, namespace, value)]


def _body(row: Row) -> Body:
    return UUID(row[0].decode()), row[1].decode()


def rows(connection: psycopg.Connection, statement: bytes, *parameters: str) -> list[Row]:
    """The rows of one of the statements, as texts. Raises psycopg.Error."""
    values = [each.encode() for each in parameters]
    result = connection.pgconn.exec_prepared(statement, values)
    if result.error_field(pq.DiagnosticField.SQLSTATE) == b"26000":  # not known here yet
        prepare(connection)
        result = connection.pgconn.exec_prepared(statement, values)
    return rows_of(result)


def rows_of(result: pq.abc.PGresult) -> list[Row]:
    """The rows of a result, as texts. Raises psycopg.Error where it is an error."""
    if result.status != pq.ExecStatus.TUPLES_OK:
        raise psycopg.errors.error_from_result(result)
    columns = range(result.nfields)
    return [
        tuple(result.get_value(row, column) or b"" for column in columns)
        for row in range(result.ntuples)
    ]
