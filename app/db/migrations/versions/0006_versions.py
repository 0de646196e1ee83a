"""Versions of documents, vectors in generations, lexical removal in the background."""

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels = None
depends_on = None

AUTO_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers INTEGER keys only


def upgrade() -> None:
    op.add_column(
        "knowledge_base",
        sa.Column("generation", sa.Integer(), nullable=False, server_default="0"),
    )
    with op.batch_alter_table("knowledge_base") as table:
        table.alter_column("generation", server_default=None)
    _add_document_columns()
    _move_vectors()
    op.create_table(
        "lexical_removal",
        sa.Column("chunk_id", AUTO_ID, nullable=False),
        sa.PrimaryKeyConstraint("chunk_id", name="pk_lexical_removal"),
    )
    op.create_table(
        "reembedding",
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("embedder", sa.String(), nullable=False),
        sa.Column("dim", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"], ["knowledge_base.id"], name="fk_reembedding_base_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("base_id", name="pk_reembedding"),
    )


def _add_document_columns() -> None:
    for column in (
        sa.Column("path", sa.String(), nullable=True),
        sa.Column("also_at", sa.JSON(), nullable=True),
        sa.Column("series_id", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
    ):
        op.add_column("document", column)
    op.execute("UPDATE document SET path = name, also_at = '{}', series_id = id, version = 1")
    with op.batch_alter_table("document") as table:
        for name in ("path", "also_at", "series_id", "version"):
            table.alter_column(name, nullable=False)
        table.drop_constraint("uq_document_base_id_sha256", type_="unique")
    op.create_index("ix_document_base_id_path", "document", ["base_id", "path"])
    op.create_index("ix_document_base_id_sha256", "document", ["base_id", "sha256"])
    op.create_index("ix_document_series_id", "document", ["series_id"])


def _move_vectors() -> None:
    op.create_table(
        "chunk_vector",
        sa.Column("chunk_id", AUTO_ID, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chunk_id"], ["chunk.id"], name="fk_chunk_vector_chunk_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chunk_id", "generation", name="pk_chunk_vector"),
    )
    op.execute("INSERT INTO chunk_vector SELECT id, 0, vector FROM chunk")
    op.drop_column("chunk", "vector")


def downgrade() -> None:
    """Keeps what is searched: superseded versions go, and vectors of other generations."""
    op.drop_table("reembedding")
    op.drop_table("lexical_removal")
    connection = op.get_bind()
    document = sa.table("document", sa.column("id"), sa.column("state"))
    superseded = sa.select(document.c.id).where(document.c.state == "superseded")
    for name in ("chunk", "document_text", "job"):  # foreign keys are off while migrating
        rows = sa.table(name, sa.column("document_id"))
        connection.execute(sa.delete(rows).where(rows.c.document_id.in_(superseded)))
    connection.execute(sa.delete(document).where(document.c.state == "superseded"))
    op.add_column("chunk", sa.Column("vector", sa.LargeBinary(), nullable=True))
    op.execute(
        "UPDATE chunk SET vector = (SELECT v.vector FROM chunk_vector v JOIN knowledge_base b"
        " ON b.generation = v.generation WHERE v.chunk_id = chunk.id AND b.id = chunk.base_id)"
    )
    op.drop_table("chunk_vector")
    with op.batch_alter_table("chunk", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("vector", nullable=False)
    for index in ("base_id_path", "base_id_sha256", "series_id"):
        op.drop_index(f"ix_document_{index}", "document")
    with op.batch_alter_table("document") as table:
        for name in ("path", "also_at", "series_id", "version"):
            table.drop_column(name)
        table.create_unique_constraint("uq_document_base_id_sha256", ["base_id", "sha256"])
    op.drop_column("knowledge_base", "generation")
