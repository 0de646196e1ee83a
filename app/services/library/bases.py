"""Knowledge bases."""

from collections import Counter
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from app.db.engine import Database
from app.db.tables import KnowledgeBase, Person, StoredDocument
from app.services.errors import Conflict, Forbidden, NotFound
from app.services.people.access import Access, Role
from app.services.people.audit import record
from app.services.people.grants import is_withheld, roles_in, scope_of, withheld_from


@dataclass(frozen=True, slots=True)
class BaseSummary:
    """A base with the counts that a person sees in it, and their role there."""

    base: KnowledgeBase
    role: Role
    owner_name: str
    document_count: int
    ready_count: int
    failed_count: int
    chunk_count: int


def get_base(
    session: Session, access: Access, base_id: str, role: Role = Role.READER
) -> KnowledgeBase:
    """The base. Raises NotFound where the person may not even read it, else Forbidden where their
    role in it is a lower one."""
    found = roles_in(session, access, [base_id]).get(base_id)
    if found is None:
        raise NotFound("knowledge base", base_id)
    if found < role:
        raise Forbidden(
            f"This takes the role {role.word} in the knowledge base; yours is {found.word}.",
            code="role_too_low",
        )
    return stored_base(session, base_id)


def get_whole_base(session: Session, access: Access, base_id: str) -> KnowledgeBase:
    """The base, for an editor who may see all of it: what is measured of a base tells of each of
    its documents. Raises NotFound, Forbidden."""
    base = get_base(session, access, base_id, Role.EDITOR)
    if scope_of(session, access, [base_id]).withheld:
        raise Forbidden(
            "Some documents of this knowledge base are not for you, so you can't evaluate it.",
            code="base_restricted",
        )
    return base


def stored_base(session: Session, base_id: str) -> KnowledgeBase:
    """The base, for work that no person asked for. Or NotFound."""
    base = session.get(KnowledgeBase, base_id)
    if base is None:
        raise NotFound("knowledge base", base_id)
    return base


def find_base(session: Session, name: str, owner_id: str | None = None) -> KnowledgeBase | None:
    """The base of that name, of that owner or the oldest of anyone's."""
    wanted = select(KnowledgeBase).where(KnowledgeBase.name == name)
    if owner_id is not None:
        wanted = wanted.where(KnowledgeBase.owner_id == owner_id)
    return session.exec(wanted.order_by(col(KnowledgeBase.created_at))).first()


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

    def create(self, access: Access, name: str, description: str = "") -> BaseSummary:
        """Raises Conflict where a base of the person has the name already, and Forbidden for a key
        that is limited to some bases."""
        if access.base_ids is not None:
            raise Forbidden("This key is limited to some knowledge bases.", code="key_scope")
        with self.db.write() as session:
            self._refuse_taken(session, name, access.person_id)
            base = KnowledgeBase(
                owner_id=access.person_id,
                name=name,
                description=description,
                embedder=self.embedder_name,
                dim=self.embedder_dim,
            )
            session.add(base)
            session.flush()
            record(session, access, "base.create", "base", base.id)
        return BaseSummary(base, Role.OWNER, access.name, 0, 0, 0, 0)

    def all(self, access: Access) -> list[BaseSummary]:
        """Those the person may see, by name."""
        with self.db.read() as session:
            return _summaries(session, access)

    def get(self, access: Access, base_id: str) -> BaseSummary:
        with self.db.read() as session:
            get_base(session, access, base_id)
            return _summaries(session, access, base_id)[0]

    def update(
        self, access: Access, base_id: str, name: str | None, description: str | None
    ) -> BaseSummary:
        """Change what is given. Raises NotFound, Forbidden, Conflict."""
        with self.db.write() as session:
            base = get_base(session, access, base_id, Role.OWNER)
            if name is not None and name != base.name:
                self._refuse_taken(session, name, base.owner_id)
                base.name = name
            if description is not None:
                base.description = description
            session.add(base)
            record(session, access, "base.change", "base", base_id)
        return self.get(access, base_id)

    def _refuse_taken(self, session: Session, name: str, owner_id: str) -> None:
        if find_base(session, name, owner_id) is not None:
            raise Conflict(f"A knowledge base named {name!r} exists already. Choose another name.")


def _summaries(session: Session, access: Access, base_id: str | None = None) -> list[BaseSummary]:
    roles = roles_in(session, access, None if base_id is None else [base_id])
    counts = select(
        StoredDocument.base_id,
        StoredDocument.state,
        func.count(),
        func.sum(StoredDocument.chunk_count),
    )
    counts = counts.where(StoredDocument.state != "superseded")
    if base_id is not None:
        counts = counts.where(StoredDocument.base_id == base_id)
    if withheld := withheld_from(session, access, roles):
        counts = counts.where(~is_withheld(withheld))
    documents: Counter[tuple[str, str]] = Counter()
    chunks: Counter[str] = Counter()
    for id_, state, document_count, chunk_count in session.exec(
        counts.group_by(col(StoredDocument.base_id), col(StoredDocument.state))
    ):
        documents[id_, state] = document_count
        documents[id_, "all"] += document_count
        chunks[id_] += int(chunk_count)
    bases = (
        select(KnowledgeBase, Person.display_name, Person.name)
        .join(Person, col(Person.id) == col(KnowledgeBase.owner_id))
        .where(col(KnowledgeBase.id).in_(roles))
        .order_by(col(KnowledgeBase.name), col(KnowledgeBase.id))
    )
    return [
        BaseSummary(
            base,
            roles[base.id],
            display_name or name,
            documents[base.id, "all"],
            documents[base.id, "ready"],
            documents[base.id, "failed"],
            chunks[base.id],
        )
        for base, display_name, name in session.exec(bases)
    ]
