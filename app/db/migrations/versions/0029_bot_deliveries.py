"""Which messages bots have been delivered, for all API processes."""

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bot_delivery",
        sa.Column("id_hash", sa.String(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name="pk_bot_delivery"),
    )
    op.create_index("ix_bot_delivery_delivered_at", "bot_delivery", ["delivered_at"])


def downgrade() -> None:
    op.drop_table("bot_delivery")
