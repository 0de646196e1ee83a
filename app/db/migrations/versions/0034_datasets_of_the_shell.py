"""Data sets that the shell built are nobody's.

They were the account's that owns what is there without a login. Where others have accounts, it is a
person's, and the rows may be everybody's. Which of its data sets the person built is not known;
building one again makes it theirs.
"""

from alembic import op

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE dataset SET person_id = '' WHERE person_id = 'owner' AND EXISTS "
        "(SELECT 1 FROM person WHERE id NOT IN ('owner', 'anonymous'))"
    )


def downgrade() -> None:
    """They stay nobody's: whose they were is not known any more."""
