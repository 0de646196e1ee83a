"""Terms fold traditional characters and stem English words: empties the lexical index.

It is derived from the chunks; the next start finds the missing rows and adds them.
"""

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM chunk_terms")


def downgrade() -> None:
    op.execute("DELETE FROM chunk_terms")
