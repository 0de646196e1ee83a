"""Alembic's entry: runs inside the transaction that `Database.migrate` holds."""

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import app.db.tables  # noqa: F401  registers the tables

LEXICAL_TABLE = "chunk_terms"


def is_ours(name: str | None, kind: str, parents: Any) -> bool:
    """Skips the lexical index, which is created by hand: FTS5's shadow tables have no metadata."""
    return kind != "table" or not str(name).startswith(LEXICAL_TABLE)


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    include_name=is_ours,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
