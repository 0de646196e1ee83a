"""Recorded answers, and questions made from documents."""

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [to], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.JSON(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("worse", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("accepted_at", _TIME, nullable=True),
        _refers("recording", "base_id", "knowledge_base.id"),
        sa.PrimaryKeyConstraint("id", name="pk_recording"),
    )
    op.create_index("ix_recording_base_id", "recording", ["base_id"])
    op.create_table(
        "recorded_answer",
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("expected_documents", sa.JSON(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("cites", sa.Boolean(), nullable=False),
        sa.Column("unsupported", sa.Integer(), nullable=False),
        sa.Column("documents", sa.JSON(), nullable=False),
        _refers("recorded_answer", "recording_id", "recording.id"),
        _refers("recorded_answer", "message_id", "message.id"),
        sa.PrimaryKeyConstraint("recording_id", "number", name="pk_recorded_answer"),
    )
    op.create_index("ix_recorded_answer_message_id", "recorded_answer", ["message_id"])
    op.create_table(
        "synthetic_question",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("chunk_id", sa.BigInteger(), nullable=False),
        sa.Column("document_name", sa.String(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("prompt", sa.JSON(), nullable=False),
        sa.Column("style", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("checked", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        _refers("synthetic_question", "base_id", "knowledge_base.id"),
        _refers("synthetic_question", "document_id", "document.id"),
        sa.PrimaryKeyConstraint("id", name="pk_synthetic_question"),
    )
    for column in ("base_id", "document_id"):
        op.create_index(f"ix_synthetic_question_{column}", "synthetic_question", [column])


def downgrade() -> None:
    for table in ("synthetic_question", "recorded_answer", "recording"):
        op.drop_table(table)
