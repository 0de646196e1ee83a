"""The model chosen for a conversation; which engine wrote an answer, and which failed to."""

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("model", sa.String(), nullable=True))
    op.add_column("message", sa.Column("served", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("message") as table:
        table.drop_column("served")
    with op.batch_alter_table("conversation") as table:
        table.drop_column("model")
