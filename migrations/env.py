"""Alembic's entry: migrates the database that the settings name."""

from alembic import context

from cdp.store.database import Database
from cdp.store.tables import metadata


def run() -> None:
    """Run the migrations in one transaction, giving up early on a busy table."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    database = Database(context.config.get_main_option("sqlalchemy.url"))
    with database.transaction() as tx:
        _migrate(tx)


def _migrate(connection) -> None:  # noqa: ANN001  alembic hands over any connection
    connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


run()
