"""What a model thought before it answered."""

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("thought", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "message", sa.Column("thought_tokens", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("message", "thought_tokens")
    op.drop_column("message", "thought")
