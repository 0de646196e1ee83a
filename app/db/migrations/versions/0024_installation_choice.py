"""What an installation has chosen: at first, the engine that searches its vectors."""

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installation_choice",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_installation_choice"),
    )


def downgrade() -> None:
    op.drop_table("installation_choice")
