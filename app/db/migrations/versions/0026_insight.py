"""What became of questions, what a check of a base found, and settings changed at run time."""

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Finds the answers of a time without their texts, which are long.
    op.create_index("ix_message_role_created_at_id", "message", ["role", "created_at", "id"])
    op.create_table(
        "answered_question",
        sa.Column("answer_id", sa.String(), nullable=False),
        sa.Column("question_id", sa.String(), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("embedder", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["message.id"], name="fk_answered_question_answer_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("answer_id", name="pk_answered_question"),
    )
    for column in ("asked_at", "question_id"):
        op.create_index(f"ix_answered_question_{column}", "answered_question", [column])
    _create_beside_it("asked_base", "base_id", "asked_at")
    _create_beside_it("cited_document", "document_id", "cited_at")
    op.create_table(
        "check_up",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_check_up_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name="pk_check_up"),
    )
    op.create_table(
        "ignored_finding",
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("ignored_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"],
            ["knowledge_base.id"],
            name="fk_ignored_finding_base_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("base_id", "key", name="pk_ignored_finding"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )


def _create_beside_it(table: str, of: str, at: str) -> None:
    op.create_table(
        table,
        sa.Column("answer_id", sa.String(), nullable=False),
        sa.Column(of, sa.String(), nullable=False),
        sa.Column(at, _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["answered_question.answer_id"],
            name=f"fk_{table}_answer_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("answer_id", of, name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_{of}_{at}", table, [of, at])


def downgrade() -> None:
    op.drop_table("setting")
    op.drop_table("ignored_finding")
    op.drop_table("check_up")
    op.drop_table("cited_document")
    op.drop_table("asked_base")
    op.drop_table("answered_question")
    op.drop_index("ix_message_role_created_at_id", "message")
