"""The challenger's share of conversations, shadow answers, and who took an adapter back."""

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("share", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("shadow", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("guard", sa.JSON(), nullable=True),
    ):
        op.add_column("adapter_move", column)
    op.create_table(
        "shadow_answer",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("adapter_name", sa.String(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("unsupported", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name="fk_shadow_answer_message_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["adapter_name"],
            ["adapter.name"],
            name="fk_shadow_answer_adapter_name",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "adapter_name", name="pk_shadow_answer"),
    )
    op.create_index("ix_message_created_at", "message", ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_message_created_at", "message")
    op.drop_table("shadow_answer")
    for name in ("guard", "shadow", "share"):
        op.drop_column("adapter_move", name)
