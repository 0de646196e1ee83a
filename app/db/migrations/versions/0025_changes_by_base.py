"""What changed in a base since a sequence is found by one index, whatever the size of the base."""

from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_chunk_base_id_sequence_id", "chunk", ["base_id", "sequence", "id"])
    op.create_index(
        "ix_chunk_tombstone_base_id_sequence", "chunk_tombstone", ["base_id", "sequence"]
    )
    for table in ("chunk", "chunk_tombstone"):
        for column in ("base_id", "sequence"):
            op.drop_index(f"ix_{table}_{column}", table_name=table)


def downgrade() -> None:
    for table in ("chunk", "chunk_tombstone"):
        for column in ("base_id", "sequence"):
            op.create_index(f"ix_{table}_{column}", table, [column])
    op.drop_index("ix_chunk_tombstone_base_id_sequence", table_name="chunk_tombstone")
    op.drop_index("ix_chunk_base_id_sequence_id", table_name="chunk")
