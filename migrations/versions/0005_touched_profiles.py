"""touched profiles."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table("touched_profile", sa.Column("profile_id", sa.Uuid(), nullable=False))
    op.create_index(op.f("ix_touched_profile__profile_id"), "touched_profile", ["profile_id"])


def downgrade() -> None:
    op.execute(
        "INSERT INTO stale_profile SELECT profile_id FROM touched_profile ON CONFLICT DO NOTHING"
    )
    op.drop_table("touched_profile")
