"""What API processes kept in memory: requests to stop an answer, and attempts to sign in."""

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels = None
depends_on = None

_AUTO_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers INTEGER keys only


def upgrade() -> None:
    op.add_column(
        "message",
        sa.Column("stop_requested", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "rate_limit_hit",
        sa.Column("id", _AUTO_ID, nullable=False),
        sa.Column("of_hash", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rate_limit_hit"),
    )
    op.create_index(
        "ix_rate_limit_hit_of_hash_expires_at", "rate_limit_hit", ["of_hash", "expires_at"]
    )


def downgrade() -> None:
    op.drop_table("rate_limit_hit")
    op.drop_column("message", "stop_requested")
