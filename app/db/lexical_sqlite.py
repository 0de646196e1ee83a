"""The lexical index on SQLite: FTS5 over terms that are split already; rowid = chunk id.

The base's id is a column of its own, so that restricting to bases happens inside the match. All
of `detail` is kept: without it BM25 reads every row again, ten times as slow.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, insert, text
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.db.lexical_terms import rarest, weight_of, worth_counting
from app.db.tables import LexicalRemoval, StoredChunk
from vectorstore import Match

_SATURATION = 2.2  # FTS5's k1 + 1: what a term that fills a chunk scores, in units of its idf


def add(session: Session, base_id: str, rows: Sequence[tuple[int, list[str]]]) -> None:
    session.connection().execute(
        text("INSERT INTO chunk_terms (rowid, base, terms) VALUES (:id, :base, :terms)"),
        [{"id": id_, "base": base_id, "terms": " ".join(terms)} for id_, terms in rows],
    )


def remove(session: Session, chunk_ids: Collection[int]) -> None:
    session.connection().execute(
        text("DELETE FROM chunk_terms WHERE rowid = :id"), [{"id": id_} for id_ in chunk_ids]
    )


def withdraw(session: Session, chunk_ids: Select[Any] | SelectOfScalar[Any]) -> None:
    waiting = select(LexicalRemoval.chunk_id)
    session.connection().execute(
        insert(LexicalRemoval).from_select(
            ["chunk_id"], chunk_ids.where(col(StoredChunk.id).not_in(waiting))
        )
    )


def ids(session: Session) -> set[int]:
    rows = session.connection().execute(
        text(
            "SELECT id FROM chunk_terms_docsize"
            " WHERE id NOT IN (SELECT chunk_id FROM lexical_removal)"
        )
    )
    return {row.id for row in rows}


def search(
    session: Session, wanted: Sequence[str], k: int, base_ids: Collection[str]
) -> list[Match]:
    chosen, weight = _choose(session, wanted)
    if not chosen:
        return []
    # FTS5's bm25 is lower for better; weight 0 keeps the base's id out of it.
    rows = session.connection().execute(
        text(
            "SELECT rowid, -bm25(chunk_terms, 0.0, 1.0) AS score FROM chunk_terms"
            " WHERE chunk_terms MATCH :match"
            " AND rowid NOT IN (SELECT chunk_id FROM lexical_removal)"
            " ORDER BY score DESC, rowid LIMIT :k"
        ),
        {"match": f"base : ({_any_of(base_ids)}) AND terms : ({_any_of(chosen)})", "k": k},
    )
    return [Match(id_, max(score, 0.0) / (_SATURATION * weight)) for id_, score in rows]


def _choose(session: Session, wanted: Sequence[str]) -> tuple[list[str], float]:
    """The terms to look up, none where none is known, and the weight of the whole query."""
    connection = session.connection()
    # Counted as FTS5 counts: what is withdrawn stays in its frequencies until it is removed.
    chunks = connection.scalar(text("SELECT count(*) FROM chunk_terms_docsize")) or 0
    counts = text("SELECT term, doc FROM chunk_terms_vocab WHERE term IN :terms").bindparams(
        bindparam("terms", expanding=True)
    )
    counted = worth_counting(wanted, chunks)
    rows = connection.execute(counts, {"terms": counted})
    frequencies = {row.term: row.doc for row in rows}
    chosen = rarest(frequencies, chunks)
    return chosen, weight_of(chosen, counted, frequencies, chunks)


def _any_of(words: Iterable[str]) -> str:
    """A match expression for any of `words`, each a quoted string: nothing in it is syntax."""
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words)
