"""Branches of a conversation, and pinned conversations."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels = None
depends_on = None

_PLACE = "ix_message_place"  # for the time of the migration
_BRANCH = ("conversation_id", "shown", "position", "variant", "id", "parent_id", "chosen")

_OF_MESSAGES = (
    *(("asked_base", "answer_id"), ("cited_document", "answer_id"), ("feedback", "message_id")),
    *(("answered_question", "answer_id"), ("shadow_answer", "message_id")),
    ("recorded_answer", "message_id"),
)

# The history of a question held the newest variant of each answer that has text.
_FOLLOWED = """
UPDATE message SET parent_id = (
    SELECT above.id FROM message AS above
    WHERE above.conversation_id = message.conversation_id AND above.position = message.position - 1
    ORDER BY CASE WHEN above.content <> '' THEN 1 ELSE 0 END DESC, above.variant DESC
    LIMIT 1
)
WHERE position > 0
"""


def _flag(name: str, default: Any) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=default)


def upgrade() -> None:
    op.add_column("conversation", _flag("pinned", sa.false()))
    op.add_column("message", sa.Column("parent_id", sa.String(), nullable=True))
    for name in ("chosen", "shown"):
        op.add_column("message", _flag(name, sa.true()))
    op.create_index(_PLACE, "message", ["conversation_id", "position"])
    op.execute(_FOLLOWED)
    op.drop_index(_PLACE, table_name="message")
    op.create_index("ix_message_branch", "message", list(_BRANCH))
    op.drop_index("ix_message_conversation_id", table_name="message")


def downgrade() -> None:
    """Versions before know one branch: the one that is shown stays."""
    hidden = "(SELECT id FROM message WHERE NOT shown)"
    for table, column in _OF_MESSAGES:
        op.execute(f"DELETE FROM {table} WHERE {column} IN {hidden}")  # noqa: S608  # our own names
    op.execute("DELETE FROM message WHERE NOT shown")
    op.execute("UPDATE message SET variant = 0 WHERE role = 'user'")
    op.create_index("ix_message_conversation_id", "message", ["conversation_id"])
    op.drop_index("ix_message_branch", table_name="message")
    for name in ("shown", "chosen", "parent_id"):
        op.drop_column("message", name)
    op.drop_column("conversation", "pinned")
