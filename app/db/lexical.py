"""The lexical index over chunks: BM25 on character pairs and words, in the caller's transaction.

SQLite has FTS5, PostgreSQL a tsvector with GIN; both hold the terms of `ingest.terms`, so they
match the same chunks. All functions work inside the session that is handed in.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from app.db import lexical_postgres, lexical_sqlite
from ingest.terms import query_terms, terms
from vectorstore import Match


def add(session: Session, base_id: str, rows: Sequence[tuple[int, str]]) -> None:
    """Index `rows` of (chunk id, text) for a base. An id that is there already is an error."""
    add_terms(session, base_id, [(chunk_id, terms(content)) for chunk_id, content in rows])


def add_terms(session: Session, base_id: str, rows: Sequence[tuple[int, list[str]]]) -> None:
    """The same for texts that `ingest.terms.terms` has cut already: cutting many takes seconds,
    and the write lock should not be held for them."""
    if not rows:
        return
    if _on_sqlite(session):
        lexical_sqlite.add(session, base_id, rows)
    else:
        lexical_postgres.add(session, base_id, rows)


def remove(session: Session, chunk_ids: Collection[int]) -> None:
    """Forget chunks; those that are not there are passed over."""
    if not chunk_ids:
        return
    if _on_sqlite(session):
        lexical_sqlite.remove(session, chunk_ids)
    else:
        lexical_postgres.remove(session, chunk_ids)


def withdraw(session: Session, chunk_ids: Select[Any] | SelectOfScalar[Any]) -> None:
    """Have search pass over the selected chunks from this commit on.

    On SQLite their terms stay until `remove`; the table `lexical_removal` says whose.
    """
    if _on_sqlite(session):
        lexical_sqlite.withdraw(session, chunk_ids)
    else:
        lexical_postgres.withdraw(session, chunk_ids)


def ids(session: Session) -> set[int]:
    """All chunks that search can find."""
    on_sqlite = _on_sqlite(session)
    return lexical_sqlite.ids(session) if on_sqlite else lexical_postgres.ids(session)


def search(session: Session, query: str, k: int, base_ids: Collection[str]) -> list[Match]:
    """The `k` best chunks of `base_ids` that share a term with `query`, ties by smaller id.

    A score is the share, 0 to 1, of what BM25 could give to a chunk that is all about the query:
    0.3 and more is much. Empty where no term of the query is known.
    """
    wanted = query_terms(query)
    if not wanted or not base_ids or k < 1:
        return []
    if _on_sqlite(session):
        return lexical_sqlite.search(session, wanted, k, base_ids)
    return lexical_postgres.search(session, wanted, k, base_ids)


def _on_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
