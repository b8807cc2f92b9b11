"""links without exchanged."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_column("probable_link", "exchanged")


def downgrade() -> None:
    op.add_column(
        "probable_link",
        sa.Column("exchanged", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.alter_column("probable_link", "exchanged", server_default=None)
