"""Search in the database: what the retriever needs of it, and the search that people call."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, or_, select
from sqlmodel import col

from app.db import lexical
from app.db.engine import Database
from app.db.lexical_statistics import statistics_of
from app.db.tables import StoredChunk, StoredDocument
from app.measure import count_stages
from app.rag.retrieval.fuse import ChunkPosition
from app.rag.retrieval.retrieve import Retrieved, Retriever
from app.rag.types import ChunkSpan, Passage, Scope
from app.services.errors import Invalid, QuestionTooLong
from app.services.people.access import Access
from app.services.people.grants import is_withheld, scope_of
from app.services.search.withheld import WithheldChunks
from vectorstore.protocol import Match

_PASSAGE_COLUMNS = (
    col(StoredChunk.id),
    col(StoredChunk.document_id),
    col(StoredChunk.base_id),
    col(StoredChunk.ordinal),
    col(StoredChunk.text),
    col(StoredChunk.start),
    col(StoredChunk.end),
    col(StoredChunk.page),
    col(StoredChunk.locator),
    col(StoredChunk.stretches),
    col(StoredChunk.headings),
    col(StoredDocument.name),
    col(StoredDocument.title),
)
# Built once: putting a statement together takes as long as running it.
_READY = col(StoredDocument.state) == "ready"
_LOCATE = (
    select(
        col(StoredChunk.id),
        col(StoredChunk.document_id),
        col(StoredChunk.ordinal),
        col(StoredDocument.title),
        col(StoredDocument.chunk_count),
    )
    .join(StoredDocument, col(StoredDocument.id) == col(StoredChunk.document_id))
    .where(col(StoredChunk.id).in_(bindparam("ids", expanding=True)), _READY)
)
_SPANS_PER_READ = 200  # SQLite nests alternatives, and no deeper than 1,000


@cache
def _hydrate(spans: int) -> Select[tuple[Any, ...]]:
    """The chunks of so many stretches of documents: `first…last` of `document…`. By range, since
    SQLite finds no index for a list of pairs."""
    within = (
        and_(
            col(StoredChunk.document_id) == bindparam(f"document{n}"),
            col(StoredChunk.ordinal).between(bindparam(f"first{n}"), bindparam(f"last{n}")),
        )
        for n in range(spans)
    )
    return (
        select(*_PASSAGE_COLUMNS)
        .join(StoredDocument, col(StoredDocument.id) == col(StoredChunk.document_id))
        .where(or_(*within), _READY)
    )


@dataclass(frozen=True, slots=True)
class Passages:
    """Chunks in the database, by words, by id and by place."""

    db: Database
    withheld: WithheldChunks = field(default_factory=WithheldChunks)

    def lexical(self, query: str, k: int, scope: Scope) -> list[Match]:
        """The `k` best chunks by BM25."""
        with self.db.read() as session:
            without = self.withheld.chunks(session, scope)
            return lexical.search(session, query, k, scope.base_ids, without)

    def locate(self, chunk_ids: Collection[int], scope: Scope) -> dict[int, ChunkPosition]:
        """Where those chunks stand that are still there, in documents that are ready and not
        withheld."""
        wanted = _LOCATE.where(~is_withheld(scope.withheld)) if scope.withheld else _LOCATE
        with self.db.read() as session:
            rows = session.connection().execute(wanted, {"ids": list(chunk_ids)})
            return {row.id: ChunkPosition(row[1], row[2], row[3], row[4]) for row in rows.all()}

    def of_document(self, document_id: str) -> list[Passage]:
        """All chunks of a document in order, also of a version that is superseded."""
        with self.db.read() as session:
            rows = session.execute(
                select(*_PASSAGE_COLUMNS)
                .join(StoredDocument, col(StoredDocument.id) == col(StoredChunk.document_id))
                .where(col(StoredChunk.document_id) == document_id)
                .order_by(col(StoredChunk.ordinal))
            )
            return [_passage(row) for row in rows]

    def count(self, scope: Scope) -> int:
        """Chunks of the bases together."""
        with self.db.read() as session:
            return statistics_of(session.connection(), scope.base_ids).chunks

    def hydrate(self, keys: Collection[tuple[str, int]]) -> list[Passage]:
        """The chunks at those positions, (document id, ordinal), that are still there."""
        spans = _spans(keys)
        found: list[Passage] = []
        with self.db.read() as session:
            for at in range(0, len(spans), _SPANS_PER_READ):
                some = spans[at : at + _SPANS_PER_READ]
                given = {
                    f"{name}{n}": value
                    for n, span in enumerate(some)
                    for name, value in zip(("document", "first", "last"), span, strict=True)
                }
                # Columns, not objects: a chunk's vector is larger than its text and not needed here
                rows = session.connection().execute(_hydrate(len(some)), given)
                found += map(_passage, rows.all())
        return found


def _spans(keys: Collection[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Places that follow each other in one document as (document id, first, last)."""
    spans: list[tuple[str, int, int]] = []
    for document_id, ordinal in sorted(keys):
        if spans and spans[-1][0] == document_id and spans[-1][2] == ordinal - 1:
            spans[-1] = (document_id, spans[-1][1], ordinal)
        else:
            spans.append((document_id, ordinal, ordinal))
    return spans


def _passage(row: Row[*tuple[Any, ...]]) -> Passage:
    # by place, not by name: this is done some dozen times for each search
    id_, document_id, base_id, ordinal, text, start, end, page, locator, *rest = row
    stretches, headings, name, title = rest
    return Passage(
        chunk_id=id_,
        document_id=document_id,
        document_name=name,
        base_id=base_id,
        ordinal=ordinal,
        text=text,
        start=start,
        end=end,
        page=page,
        locator=locator,
        title=title,
        headings=tuple(headings),
        parts=tuple(ChunkSpan(id_, *stretch) for stretch in stretches),
    )


@dataclass(frozen=True, slots=True)
class Search:
    db: Database
    retriever: Retriever
    max_question_chars: int

    def check(self, access: Access, question: str, base_ids: Sequence[str]) -> Scope:
        """What the question may be answered from. Raises Invalid, QuestionTooLong or NotFound where
        it cannot be asked."""
        self.check_text(question)
        if not base_ids:
            raise Invalid("Choose at least one knowledge base.", code="no_base")
        with self.db.read() as session:
            return scope_of(session, access, base_ids)

    def check_text(self, question: str) -> None:
        """Raises Invalid or QuestionTooLong."""
        if not question.strip():
            raise Invalid("The question is empty.", code="empty_question")
        if len(question) > self.max_question_chars:
            raise QuestionTooLong(len(question), self.max_question_chars, "characters")

    def search(self, access: Access, query: str, base_ids: Sequence[str], top_k: int) -> Retrieved:
        """The `top_k` best passages, without an answer."""
        found = self.retriever.retrieve(query, self.check(access, query, base_ids), top_k)
        count_stages(found.timings_ms)
        return found
