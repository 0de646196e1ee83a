"""What every answer was made with, and under which key it can be given again."""

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("message") as table:
        table.add_column(sa.Column("task", sa.String(), nullable=False, server_default="qa"))
        table.add_column(sa.Column("recipe", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("answer_key", sa.String(), nullable=True))
        table.add_column(sa.Column("cached_from", sa.String(), nullable=True))
        table.create_index("ix_message_answer_key", ["answer_key"])


def downgrade() -> None:
    with op.batch_alter_table("message") as table:
        table.drop_index("ix_message_answer_key")
        for name in ("cached_from", "answer_key", "recipe", "task"):
            table.drop_column(name)
