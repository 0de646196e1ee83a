"""Where a chunk is found in files without pages: sheet and rows, slide, part."""

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chunk", sa.Column("locator", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("chunk", "locator")
