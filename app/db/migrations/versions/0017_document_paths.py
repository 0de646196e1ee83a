"""The paths of a document as rows with an index; finding one no longer reads all documents."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels = None
depends_on = None

ROWS_AT_ONCE = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

document = sa.table(
    "document",
    sa.column("id", sa.String()),
    sa.column("base_id", sa.String()),
    sa.column("path", sa.String()),
    sa.column("also_at", sa.JSON()),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
document_path = sa.table(
    "document_path",
    sa.column("document_id", sa.String()),
    sa.column("path", sa.String()),
    sa.column("base_id", sa.String()),
    sa.column("sent_at_us", sa.BigInteger()),
)


def upgrade() -> None:
    op.create_table(
        "document_path",
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("sent_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name="fk_document_path_document_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", "path", name="pk_document_path"),
    )
    connection = op.get_bind()
    for rows in _documents(connection):
        paths = [
            {"document_id": row.id, "path": path, "base_id": row.base_id, "sent_at_us": at_us}
            for row in rows
            for path, at_us in {**row.also_at, row.path: _microseconds(row.created_at)}.items()
        ]
        connection.execute(sa.insert(document_path), paths)
    op.create_index("ix_document_path_base_id_path", "document_path", ["base_id", "path"])
    op.drop_column("document", "also_at")


def _documents(connection: sa.Connection) -> Iterator[Sequence[sa.Row[Any]]]:
    query = sa.select(document).order_by(document.c.id).limit(ROWS_AT_ONCE)
    after = ""
    while rows := connection.execute(query.where(document.c.id > after)).all():
        after = rows[-1].id
        yield rows


def _microseconds(time: datetime) -> int:
    """Since 1970. SQLite keeps UTC without the zone."""
    aware = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return (aware - EPOCH) // timedelta(microseconds=1)


def downgrade() -> None:
    column = sa.Column("also_at", sa.JSON(), nullable=False, server_default="{}")
    op.add_column("document", column)
    connection = op.get_bind()
    others = (
        sa.select(document_path)
        .join(document, document.c.id == document_path.c.document_id)
        .where(document.c.path != document_path.c.path)
    )
    also_at: dict[str, dict[str, int]] = {}
    for row in connection.execute(others):
        also_at.setdefault(row.document_id, {})[row.path] = row.sent_at_us
    for document_id, paths in also_at.items():
        change = sa.update(document).where(document.c.id == document_id)
        connection.execute(change.values(also_at=paths))
    op.drop_table("document_path")
