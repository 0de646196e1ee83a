"""Search in the database: what the retriever needs of it, and the search that people call."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select, tuple_
from sqlmodel import col

from app.db import lexical
from app.db.engine import Database
from app.db.tables import StoredChunk, StoredDocument
from app.rag.fuse import Place
from app.rag.retrieve import Retrieved, Retriever
from app.rag.types import Part, Passage
from app.services.bases import get_base
from app.services.errors import Invalid, TooLarge
from app.services.measure import count_stages
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
_HYDRATE = (
    select(*_PASSAGE_COLUMNS)
    .join(StoredDocument, col(StoredDocument.id) == col(StoredChunk.document_id))
    .where(
        # SQLite finds no index for pairs: the first two lines are for the index
        col(StoredChunk.document_id).in_(bindparam("documents", expanding=True)),
        col(StoredChunk.ordinal).in_(bindparam("ordinals", expanding=True)),
        tuple_(col(StoredChunk.document_id), col(StoredChunk.ordinal)).in_(
            bindparam("keys", expanding=True)
        ),
        _READY,
    )
)


@dataclass(frozen=True, slots=True)
class Passages:
    """Chunks in the database, by words, by id and by place."""

    db: Database

    def lexical(self, query: str, k: int, base_ids: Sequence[str]) -> list[Match]:
        """The `k` best chunks by BM25."""
        with self.db.read() as session:
            return lexical.search(session, query, k, base_ids)

    def locate(self, chunk_ids: Collection[int]) -> dict[int, Place]:
        """Where those chunks stand that are still there, in documents that are ready."""
        with self.db.read() as session:
            rows = session.connection().execute(_LOCATE, {"ids": list(chunk_ids)})
            return {row.id: Place(row[1], row[2], row[3], row[4]) for row in rows.all()}

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

    def hydrate(self, keys: Collection[tuple[str, int]]) -> list[Passage]:
        """The chunks at those places, (document id, ordinal), that are still there."""
        if not keys:
            return []
        documents, ordinals = ({*column} for column in zip(*keys, strict=True))
        with self.db.read() as session:
            # Columns, not objects: a chunk's vector is larger than its text and not needed here.
            given = {"documents": list(documents), "ordinals": list(ordinals), "keys": list(keys)}
            rows = session.connection().execute(_HYDRATE, given)
            return [_passage(row) for row in rows.all()]


def _passage(row: Row[*tuple[Any, ...]]) -> Passage:
    return Passage(
        chunk_id=row.id,
        document_id=row.document_id,
        document_name=row.name,
        base_id=row.base_id,
        ordinal=row.ordinal,
        text=row.text,
        start=row.start,
        end=row.end,
        page=row.page,
        locator=row.locator,
        title=row.title,
        headings=tuple(row.headings),
        parts=tuple(Part(row.id, *stretch) for stretch in row.stretches),
    )


@dataclass(frozen=True, slots=True)
class Search:
    db: Database
    retriever: Retriever
    max_question_chars: int

    def check(self, question: str, base_ids: Sequence[str]) -> None:
        """Raises Invalid, TooLarge or NotFound where the question cannot be asked."""
        self.check_text(question)
        if not base_ids:
            raise Invalid("Choose at least one knowledge base.", code="no_base")
        with self.db.read() as session:
            for base_id in base_ids:
                get_base(session, base_id)

    def check_text(self, question: str) -> None:
        """Raises Invalid or TooLarge."""
        if not question.strip():
            raise Invalid("The question is empty.", code="empty_question")
        if len(question) > self.max_question_chars:
            raise TooLarge(
                f"The question has {len(question)} characters; "
                f"{self.max_question_chars} are the limit. Upload long texts as documents."
            )

    def search(self, query: str, base_ids: Sequence[str], top_k: int) -> Retrieved:
        """The `top_k` best passages, without an answer."""
        self.check(query, base_ids)
        found = self.retriever.retrieve(query, base_ids, top_k)
        count_stages(found.timings_ms)
        return found
