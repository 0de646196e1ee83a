"""Chunks are found by their place: a hit is handed over with its neighbours."""

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_chunk_document_id_ordinal", "chunk", ["document_id", "ordinal"])
    op.drop_index("ix_chunk_document_id", "chunk")


def downgrade() -> None:
    op.create_index("ix_chunk_document_id", "chunk", ["document_id"])
    op.drop_index("ix_chunk_document_id_ordinal", "chunk")
