"""One table for every kind of long work; a heartbeat of each worker; results of evaluations."""

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _extend_jobs()
    op.create_table(
        "evaluation",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_evaluation_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name="pk_evaluation"),
    )
    _replace_heartbeats("worker")


def _extend_jobs() -> None:
    """The jobs that are there all ingest a document, and go on."""
    op.drop_index("ix_job_state", "job")
    with op.batch_alter_table("job") as table:
        table.alter_column("document_id", existing_type=sa.String(), nullable=True)
        table.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="ingest"))
        table.add_column(sa.Column("base_id", sa.String(), nullable=True))
        table.add_column(sa.Column("request", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("error_code", sa.String(), nullable=True))
        table.add_column(sa.Column("error_detail", sa.Text(), nullable=True))
        table.create_foreign_key(
            "fk_job_base_id", "knowledge_base", ["base_id"], ["id"], ondelete="CASCADE"
        )
    with op.batch_alter_table("job") as table:
        table.alter_column("kind", server_default=None)
        table.alter_column("request", server_default=None)
    op.create_index("ix_job_base_id", "job", ["base_id"])
    op.create_index("ix_job_kind_state_created_at", "job", ["kind", "state", "created_at"])


def _replace_heartbeats(key: str) -> None:
    """Heartbeats are a few seconds old at most: the next one comes with the next start."""
    op.drop_table("heartbeat")
    op.create_table(
        "heartbeat",
        sa.Column(key, sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(key, name="pk_heartbeat"),
    )


def downgrade() -> None:
    """Keeps the jobs that ingest; one that was cancelled counts as failed, as its document does."""
    _replace_heartbeats("process")
    op.drop_table("evaluation")
    op.execute("DELETE FROM job WHERE kind != 'ingest'")
    op.execute("UPDATE job SET state = 'failed', stage = 'failed' WHERE state = 'cancelled'")
    op.drop_index("ix_job_kind_state_created_at", "job")
    op.drop_index("ix_job_base_id", "job")
    with op.batch_alter_table("job") as table:
        table.drop_constraint("fk_job_base_id", type_="foreignkey")
        for name in ("kind", "base_id", "request", "error_code", "error_detail"):
            table.drop_column(name)
        table.alter_column("document_id", existing_type=sa.String(), nullable=False)
    op.create_index("ix_job_state", "job", ["state"])
