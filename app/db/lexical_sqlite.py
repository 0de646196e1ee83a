"""The lexical index on SQLite: FTS5 over terms that are split already; rowid = chunk id.

The base's id is a column of its own, so that restricting to bases happens inside the match. All
of `detail` is kept: without it BM25 reads every row again, ten times as slow.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Select, bindparam, insert, text
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.db.lexical_terms import rarest, weight_of, worth_counting
from app.db.tables import KnowledgeBase, LexicalRemoval, StoredChunk
from vectorstore import Match

# FTS5's bm25 is lower for better; weight 0 keeps the base's id out of it.
_SEARCH = text(
    "SELECT rowid, -bm25(chunk_terms, 0.0, 1.0) AS score FROM chunk_terms"
    " WHERE chunk_terms MATCH :match"
    " AND rowid NOT IN (SELECT chunk_id FROM lexical_removal)"
    " ORDER BY score DESC, rowid LIMIT :k"
)
_COUNTS = text("SELECT term, doc FROM chunk_terms_vocab WHERE term IN :terms").bindparams(
    bindparam("terms", expanding=True)
)
_KEPT_COUNTS = 50_000  # some megabytes
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
    connection = session.connection()
    counts = _counts(connection)
    counted = worth_counting(wanted, counts.chunks)
    frequencies = counts.of(connection, counted)
    chosen = rarest(frequencies, counts.chunks)
    if not chosen:
        return []
    weight = weight_of(chosen, counted, frequencies, counts.chunks)
    others = set(session.exec(select(KnowledgeBase.id))).difference(base_ids)
    match = f"terms : ({_any_of(chosen)}){_within(connection, counts, base_ids, others)}"
    rows = connection.execute(_SEARCH, {"match": match, "k": k})
    return [Match(id_, max(score, 0.0) / (_SATURATION * weight)) for id_, score in rows]


@dataclass(slots=True)
class _Counts:
    """In how many chunks a term is: FTS5 reads all its postings to tell, so it is asked once for
    each state of the index. Counted as FTS5 does: what is withdrawn counts until it is removed."""

    state: bytes
    chunks: int
    _known: dict[str, int] = field(default_factory=dict)

    def of(self, connection: Connection, terms: Collection[str]) -> dict[str, int]:
        """The frequencies of `terms`, 0 where one is not known."""
        known = self._known  # another thread may clear it meanwhile
        counts = {term: known[term] for term in terms if term in known}
        unknown = [term for term in terms if term not in counts]
        if unknown:
            found = {row.term: row.doc for row in connection.execute(_COUNTS, {"terms": unknown})}
            counts |= {term: found.get(term, 0) for term in unknown}
            self._known = counts if len(known) > _KEPT_COUNTS else known | counts
        return counts


_latest: WeakKeyDictionary[Engine, _Counts] = WeakKeyDictionary()


def _counts(connection: Connection) -> _Counts:
    # FTS5's own record of how many rows and terms there are, so it differs after any change that
    # could shift a frequency by much.
    state = connection.scalar(text("SELECT block FROM chunk_terms_data WHERE id = 1")) or b""
    kept = _latest.get(connection.engine)
    if kept is None or kept.state != state:
        chunks = connection.scalar(text("SELECT count(*) FROM chunk_terms_docsize")) or 0
        kept = _latest[connection.engine] = _Counts(state, chunks)
    return kept


def _within(
    connection: Connection, counts: _Counts, base_ids: Collection[str], others: Collection[str]
) -> str:
    """What keeps a match to `base_ids`. FTS5 reads what is named to its end, so the smaller half
    is named; the others only where they and `base_ids` are all there is."""
    sizes = counts.of(connection, [*base_ids, *others])
    inside, outside = (sum(sizes[id_] for id_ in ids) for ids in (base_ids, others))
    if outside >= inside or inside + outside != counts.chunks:
        return f" AND base : ({_any_of(base_ids)})"
    return f" NOT base : ({_any_of(others)})" if others else ""


def _any_of(words: Iterable[str]) -> str:
    """A match expression for any of `words`, each a quoted string: nothing in it is syntax."""
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words)
