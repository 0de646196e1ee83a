"""Removed bases disappear at once; their documents are deleted in small steps afterwards."""

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "removed_base",
        sa.Column("id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_removed_base"),
    )
    with op.batch_alter_table("document") as table:
        table.drop_constraint("fk_document_base_id", type_="foreignkey")


def downgrade() -> None:
    """Deletes the remaining rows of removed documents and bases. The next start removes their
    files."""
    for table in ("chunk", "document_text", "job"):  # foreign keys are off while migrating
        rows = sa.table(table, sa.column("document_id"))
        op.execute(sa.delete(rows).where(rows.c.document_id.in_(_removed())))
    op.execute("DELETE FROM chunk_vector WHERE chunk_id NOT IN (SELECT id FROM chunk)")
    document = sa.table("document", sa.column("id"))
    op.execute(sa.delete(document).where(document.c.id.in_(_removed())))
    with op.batch_alter_table("document") as batch:
        batch.create_foreign_key(
            "fk_document_base_id", "knowledge_base", ["base_id"], ["id"], ondelete="CASCADE"
        )
    op.drop_table("removed_base")


def _removed() -> sa.Select[tuple[str]]:
    document = sa.table("document", sa.column("id"), sa.column("base_id"))
    base = sa.table("knowledge_base", sa.column("id"))
    return sa.select(document.c.id).where(document.c.base_id.not_in(sa.select(base.c.id)))
