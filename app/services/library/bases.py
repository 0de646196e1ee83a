"""Knowledge bases."""

from collections import Counter
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from app.db.engine import Database
from app.db.tables import KnowledgeBase, StoredDocument
from app.services.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class BaseSummary:
    """A base with the counts that people look at."""

    base: KnowledgeBase
    document_count: int
    ready_count: int
    failed_count: int
    chunk_count: int


def get_base(session: Session, base_id: str) -> KnowledgeBase:
    """The base, or NotFound."""
    base = session.get(KnowledgeBase, base_id)
    if base is None:
        raise NotFound("knowledge base", base_id)
    return base


def find_base(session: Session, name: str) -> KnowledgeBase | None:
    """The base of that name."""
    return session.exec(select(KnowledgeBase).where(KnowledgeBase.name == name)).first()


def lock_base(session: Session, base_id: str) -> KnowledgeBase:
    """The base, until the transaction ends; whoever changes its content waits. Or NotFound."""
    base = session.exec(
        select(KnowledgeBase)
        .where(KnowledgeBase.id == base_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if base is None:
        raise NotFound("knowledge base", base_id)
    return base


def next_sequence(session: Session, base_id: str) -> int:
    """Count one change of the base's content. Locks the base until the transaction ends, so that
    numbers become visible in their order.
    """
    base = lock_base(session, base_id)
    base.sequence += 1
    session.add(base)
    session.flush()
    return base.sequence


@dataclass(frozen=True, slots=True)
class Bases:
    """New bases are bound to the embedder that runs."""

    db: Database
    embedder_name: str
    embedder_dim: int

    def create(self, name: str, description: str = "") -> BaseSummary:
        """Raises Conflict where the name is taken."""
        with self.db.write() as session:
            self._refuse_taken(session, name)
            base = KnowledgeBase(
                name=name,
                description=description,
                embedder=self.embedder_name,
                dim=self.embedder_dim,
            )
            session.add(base)
        return BaseSummary(base, 0, 0, 0, 0)

    def all(self) -> list[BaseSummary]:
        """All bases by name."""
        with self.db.read() as session:
            return self._summaries(session)

    def get(self, base_id: str) -> BaseSummary:
        with self.db.read() as session:
            get_base(session, base_id)
            return self._summaries(session, base_id)[0]

    def update(self, base_id: str, name: str | None, description: str | None) -> BaseSummary:
        """Change what is given. Raises NotFound, Conflict."""
        with self.db.write() as session:
            base = get_base(session, base_id)
            if name is not None and name != base.name:
                self._refuse_taken(session, name)
                base.name = name
            if description is not None:
                base.description = description
            session.add(base)
        return self.get(base_id)

    def _refuse_taken(self, session: Session, name: str) -> None:
        if find_base(session, name) is not None:
            raise Conflict(f"A knowledge base named {name!r} exists already. Choose another name.")

    def _summaries(self, session: Session, base_id: str | None = None) -> list[BaseSummary]:
        bases = select(KnowledgeBase).order_by(col(KnowledgeBase.name))
        counts = select(
            StoredDocument.base_id,
            StoredDocument.state,
            func.count(),
            func.sum(StoredDocument.chunk_count),
        )
        counts = counts.where(StoredDocument.state != "superseded").group_by(
            col(StoredDocument.base_id), col(StoredDocument.state)
        )
        if base_id is not None:
            bases = bases.where(KnowledgeBase.id == base_id)
            counts = counts.where(StoredDocument.base_id == base_id)
        documents: Counter[tuple[str, str]] = Counter()
        chunks: Counter[str] = Counter()
        for id_, state, document_count, chunk_count in session.exec(counts):
            documents[id_, state] = document_count
            documents[id_, "all"] += document_count
            chunks[id_] += int(chunk_count)
        return [
            BaseSummary(
                base,
                documents[base.id, "all"],
                documents[base.id, "ready"],
                documents[base.id, "failed"],
                chunks[base.id],
            )
            for base in session.exec(bases)
        ]
