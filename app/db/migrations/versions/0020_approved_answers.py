"""Answers that a person approved; follow-ups as they were searched."""

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approved_answer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("embedder", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("passages", sa.JSON(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_approved_answer"),
    )
    op.create_table(
        "approved_base",
        sa.Column("approved_id", sa.String(), nullable=False),
        sa.Column("base_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approved_id"],
            ["approved_answer.id"],
            name="fk_approved_base_approved_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("approved_id", "base_id", name="pk_approved_base"),
    )
    op.create_index("ix_approved_base_base_id", "approved_base", ["base_id"])
    op.add_column("message", sa.Column("approved_id", sa.String(), nullable=True))
    op.add_column("message", sa.Column("rewritten", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("message", "rewritten")
    op.drop_column("message", "approved_id")
    op.drop_table("approved_base")
    op.drop_table("approved_answer")
