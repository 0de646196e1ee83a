"""Where the text of a document stands on its pages; by which recipe it was read; jobs that wait
behind others."""

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document_page",
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("width", sa.Float(), nullable=False),
        sa.Column("height", sa.Float(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("runs", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name="fk_document_page_document_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", "page", name="pk_document_page"),
    )
    for name in ("recipe", "recipe_tried"):
        op.add_column("document", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("job", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("job", "priority")
    op.drop_column("document", "recipe_tried")
    op.drop_column("document", "recipe")
    op.drop_table("document_page")
