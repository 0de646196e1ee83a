"""Why an answer failed, by a code that interfaces have words for."""

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("error_code", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("message", "error_code")
