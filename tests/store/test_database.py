"""Errors of Postgres come out as ours, without the row that caused them."""

import pytest
from sqlalchemy import text

from cdp.errors import InvalidRequest, SchemaOutOfDate, StoreError, StoreUnavailable
from cdp.store.database import Database
from cdp.store.schema import require_current


def test_a_server_that_is_not_there_is_unavailable():
    absent = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable), absent.transaction():
        pass


def test_an_error_does_not_repeat_the_row_that_caused_it(database: Database):
    row = "('crm', 'ann@example.com', uuidv7())"
    twice = text(f"INSERT INTO record_key VALUES {row}, {row}")
    with pytest.raises(StoreError) as caught, database.transaction() as tx:
        tx.execute(twice)
    assert "ann@example.com" not in str(caught.value)


@pytest.mark.parametrize(
    ("statement", "value"),
    [("SELECT CAST(:said AS text)", "a\0b"), ("SELECT CAST(:said AS jsonb)", '"\\u0000"')],
    ids=["text", "json"],
)
def test_a_text_that_no_table_can_hold_is_the_callers_to_mend(
    database: Database, statement: str, value: str
):
    with pytest.raises(InvalidRequest, match="NUL"), database.transaction() as tx:
        tx.execute(text(statement), {"said": value})


def test_an_empty_database_says_which_command_makes_its_schema(server: str):
    empty = Database(server)
    with pytest.raises(SchemaOutOfDate, match="cdp migrate"):
        require_current(empty)
    empty.close()
