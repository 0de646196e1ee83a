"""A sign-in at a provider may connect the account of a session to the identity there."""

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM sign_in_attempt")  # they end after ten minutes
    with op.batch_alter_table("sign_in_attempt") as table:
        table.add_column(sa.Column("session_id", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("sign_in_attempt") as table:
        table.alter_column("session_id", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("sign_in_attempt") as table:
        table.drop_column("session_id")
