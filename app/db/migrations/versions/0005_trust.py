"""How far an answer can be trusted: confidence, sentences without support, contradictions."""

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("message") as table:
        table.add_column(sa.Column("confidence", sa.Float(), nullable=True))
        for name in ("unsupported", "conflicts"):
            table.add_column(sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("message") as table:
        for name in ("conflicts", "unsupported", "confidence"):
            table.drop_column(name)
