"""The lexical index over chunks: BM25 on character pairs and words, in the caller's transaction.

SQLite has FTS5, PostgreSQL a tsvector with GIN; both hold the terms of `ingest.terms`, so they
match the same chunks and score them alike, by statistics of the searched bases. All functions work
inside the session that is handed in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Select
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from app.db import lexical_postgres, lexical_sqlite
from app.db.lexical_statistics import frequencies, grow, shrink, statistics_of
from app.db.lexical_terms import (
    Saturation,
    idf,
    prefixed,
    rarest,
    saturation,
    weight_of,
    worth_counting,
)
from ingest.terms import query_terms, terms
from vectorstore import Match

Removed = Iterable[tuple[int, int, int]]  # base, number of chunks, number of terms in them


class Index(Protocol):
    """What a database keeps of the terms; `base` is the number that stands before each."""

    def add(self, session: Session, base: int, rows: Sequence[tuple[int, list[str]]]) -> None:
        """Keep the terms of each chunk id."""

    def remove(self, session: Session, chunk_ids: Collection[int]) -> Removed: ...

    def withdraw(
        self, session: Session, chunk_ids: Select[Any] | SelectOfScalar[Any]
    ) -> Removed: ...

    def ids(self, session: Session) -> set[int]: ...

    def count(self, connection: Connection, terms: Sequence[str]) -> Mapping[str, int]:
        """In how many chunks each of the terms is; one that is in none may be left out."""

    def best(
        self,
        connection: Connection,
        weights: Mapping[str, float],
        saturation: Saturation,
        k: int,
        without: Collection[int],
    ) -> list[tuple[int, float]]:
        """The `k` chunks with the highest scores to nine places, ties by smaller id, and none of
        those `without`.

        `weights`: of each term in the index, its share of what a chunk with all terms would score.
        """


def add(session: Session, base_id: str, rows: Sequence[tuple[int, str]]) -> None:
    """Index `rows` of (chunk id, text) for a base. An id that is there already is an error."""
    add_terms(session, base_id, [(chunk_id, terms(content)) for chunk_id, content in rows])


def add_terms(session: Session, base_id: str, rows: Sequence[tuple[int, list[str]]]) -> None:
    """The same for texts that `ingest.terms.terms` has cut already: cutting many takes seconds,
    and the write lock should not be held for them."""
    if not rows:
        return
    base = grow(session, base_id, len(rows), sum(len(found) for _, found in rows))
    _index(session).add(session, base, rows)


def remove(session: Session, chunk_ids: Collection[int]) -> None:
    """Forget chunks; those that are not there are passed over."""
    if chunk_ids:
        _count_out(session, _index(session).remove(session, chunk_ids))


def withdraw(session: Session, chunk_ids: Select[Any] | SelectOfScalar[Any]) -> None:
    """Have search pass over the selected chunks from this commit on.

    On SQLite their terms stay, and count, until `remove`; `lexical_removal` says whose.
    """
    _count_out(session, _index(session).withdraw(session, chunk_ids))


def ids(session: Session) -> set[int]:
    """All chunks that search can find."""
    return _index(session).ids(session)


def search(
    session: Session,
    query: str,
    k: int,
    base_ids: Collection[str],
    without: Collection[int] = (),
) -> list[Match]:
    """The `k` best chunks of `base_ids` that share a term with `query`, ties by smaller id, and
    none of the chunks `without`; those still count in the statistics.

    A score is the share, 0 to 1, of what BM25 could give to a chunk that is all about the query:
    0.3 and more is much. Empty where no term of the query is known.
    """
    wanted = query_terms(query)
    if not wanted or not base_ids or k < 1:
        return []
    index, connection = _index(session), session.connection()
    found = statistics_of(connection, base_ids)
    counted = worth_counting(wanted, found.chunks)
    by_base = frequencies(connection, found.bases, counted, index.count)
    total = {term: sum(chunks[term] for chunks in by_base.values()) for term in counted}
    chosen = rarest(total, found.chunks)
    if not chosen:
        return []
    whole = weight_of(chosen, counted, total, found.chunks)
    weights = {
        prefixed(base, term): idf(total[term], found.chunks) / whole
        for term in chosen
        for base, chunks in by_base.items()
        if chunks[term]
    }
    scored = index.best(connection, weights, saturation(found.average_terms), k, without)
    return [Match(chunk_id, score) for chunk_id, score in scored]


def _count_out(session: Session, removed: Removed) -> None:
    for base, chunks, terms_in_them in removed:
        shrink(session, base, chunks, terms_in_them)


def _index(session: Session) -> Index:
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    return lexical_sqlite if on_sqlite else lexical_postgres
