"""Bases that expire: the files attached to a conversation."""

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "knowledge_base", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("conversation", sa.Column("attached_id", sa.String(), nullable=True))
    op.create_index("ix_knowledge_base_expires_at", "knowledge_base", ["expires_at"])


def downgrade() -> None:
    op.drop_column("conversation", "attached_id")
    op.drop_index("ix_knowledge_base_expires_at", "knowledge_base")
    op.drop_column("knowledge_base", "expires_at")
