"""The schema keeps the rules that let it outgrow one machine, and marks personal data."""

import pytest
from alembic import command
from sqlalchemy import BigInteger, Integer, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from cdp.store.database import Database
from cdp.store.schema import _config
from cdp.store.tables import metadata

SCOPES = {"record": ("record_uid",), "profile": ("profile_id",), "reference": None, "local": None}
TABLES = sorted(metadata.tables.values(), key=lambda table: table.name)
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def distribution_key(table: Table) -> tuple[str, ...] | None:
    scope = table.info["scope"]
    return table.info["key"] if scope == "key" else SCOPES[scope]


@each_table
def test_every_table_declares_its_scope(table):
    assert table.info["scope"] in {*SCOPES, "key"}


@each_table
def test_the_scope_s_key_leads_every_primary_key_and_unique_constraint(table):
    key = distribution_key(table)
    if key is None:
        return
    uniques = [tuple(column.name for column in table.primary_key)]
    uniques += [
        tuple(column.name for column in index.columns) for index in table.indexes if index.unique
    ]
    for unique in uniques:
        assert unique[: len(key)] == key


@each_table
def test_foreign_keys_stay_within_their_scope_or_point_to_reference_tables(table):
    for key in table.foreign_keys:
        target = key.column.table.info["scope"]
        assert target in ("reference", table.info["scope"])
        assert not (table.info["scope"] == "reference" and target != "reference")


@each_table
def test_no_key_is_a_serial_or_a_small_integer(table):
    for column in table.columns:
        assert not (
            isinstance(column.type, (Integer, SmallInteger))
            and not isinstance(column.type, BigInteger)
        )
        # The place of a profile in bitmaps is counted by the database; it is no key.
        assert column.server_default is None or column.name == "number"
        assert column.autoincrement in ("auto", False)
    for column in table.primary_key:
        assert not isinstance(column.type, Integer) or column.autoincrement is False


@each_table
def test_every_text_or_json_column_says_whether_it_may_hold_personal_data(table):
    for column in table.columns:
        if isinstance(column.type, (Text, JSONB)):
            assert "pii" in column.info, f"mark {table.name}.{column.name} with pii() or plain(why)"
            assert column.info["pii"] or column.info["why"]


@each_table
def test_index_names_follow_the_convention(table):
    for index in table.indexes:
        assert index.name.startswith(f"ix_{table.name}__")


def test_the_migrations_add_up_to_the_declared_schema(database: Database):
    config = _config()
    with database.transaction() as tx:
        config.attributes["connection"] = tx
        command.check(config)
