"""Where the parts of a chunk stand that goes over a page, a slide or a file of an archive."""

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("stretches", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("chunk", column)


def downgrade() -> None:
    op.drop_column("chunk", "stretches")
