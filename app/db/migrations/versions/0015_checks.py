"""Verdicts about the statements of an answer."""

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("checks", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("message", column)


def downgrade() -> None:
    op.drop_column("message", "checks")
