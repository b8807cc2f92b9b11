"""Bringing a database to the schema of this version, by Alembic and nothing else."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import migrations
from cdp.errors import SchemaOutOfDate
from cdp.store.database import Database


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config


def migrate(database: Database) -> str:
    """Bring the schema to its newest revision and return that revision's name."""
    config = _config()
    with database.transaction() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "head")
        return str(MigrationContext.configure(tx).get_current_revision())


def require_current(database: Database) -> None:
    """Raise SchemaOutOfDate unless the schema is the newest revision."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with database.transaction() as tx:
        found = MigrationContext.configure(tx).get_current_revision()
    if found != head:
        raise SchemaOutOfDate(
            f"the database's schema is {found or 'empty'}, this version needs {head}; run `cdp migrate`"
        )
