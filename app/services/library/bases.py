"""Knowledge bases."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, func, select

from app.db.engine import Database, before_commit
from app.db.races import again_after_a_race
from app.db.tables import KnowledgeBase, Person, StoredDocument, new_id
from app.services.errors import Conflict, Forbidden, NotFound
from app.services.library.vector_tables import keep_up
from app.services.people.access import Access, Role
from app.services.people.audit import record
from app.services.people.grants import is_withheld, roles_in, scope_of, withheld_from


@dataclass(frozen=True, slots=True)
class BaseSummary:
    """A base with the counts that a person sees in it, and their role there.

    `own`: it is theirs, not only shared with them. Names are unique among those only.
    """

    base: KnowledgeBase
    role: Role
    owner_name: str
    own: bool
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


def base_named(session: Session, name: str) -> KnowledgeBase:
    """The base of that id or name, whoever owns it, for whoever has a shell of the machine. Raises
    NotFound, and Conflict where several have the name: which one is meant is not for us to guess.
    """
    if (base := session.get(KnowledgeBase, name)) is not None:
        return base
    found = session.exec(
        select(KnowledgeBase, Person.name)
        .join(Person, col(Person.id) == col(KnowledgeBase.owner_id))
        .where(KnowledgeBase.name == name)
        .order_by(col(KnowledgeBase.created_at))
    ).all()
    if not found:
        raise NotFound("knowledge base", name)
    if len(found) > 1:
        each = ", ".join(f"{base.id} ({owner})" for base, owner in found)
        raise Conflict(f"Several knowledge bases are named {name!r}. Give an id instead: {each}.")
    return found[0][0]


def attached_among(session: Session, base_ids: Collection[str]) -> KnowledgeBase | None:
    """The one that holds a conversation's attached files, or None."""
    return session.exec(
        select(KnowledgeBase).where(
            col(KnowledgeBase.id).in_(base_ids), col(KnowledgeBase.expires_at).is_not(None)
        )
    ).first()


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
    numbers become visible in their order. Where pgvector searches the base, the change is made
    there before the transaction commits.
    """
    base = lock_base(session, base_id)
    base.sequence += 1
    session.add(base)
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        before_commit(session, ("vectors", base_id), lambda s: keep_up(s, base_id))
    return base.sequence


ATTACHED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bases:
    """New bases are bound to the embedder that runs."""

    db: Database
    embedder_name: str
    embedder_dim: int

    @again_after_a_race
    def create(self, access: Access, name: str, description: str = "") -> BaseSummary:
        """Raises Conflict where a base of the person has the name already, and Forbidden for a key
        that is limited to some bases."""
        return self._create(access, self._new(access, name, description))

    def attach(self, access: Access) -> BaseSummary:
        """A base for the files of one conversation. It is the person's alone, no list shows it, and
        it is removed after `ATTACHED_FOR`, or with its conversation. Raises Forbidden likewise."""
        base = self._new(access, new_id())
        base.expires_at = base.created_at + ATTACHED_FOR
        return self._create(access, base)

    def _new(self, access: Access, name: str, description: str = "") -> KnowledgeBase:
        return KnowledgeBase(
            owner_id=access.person_id,
            name=name,
            description=description,
            embedder=self.embedder_name,
            dim=self.embedder_dim,
        )

    def _create(self, access: Access, base: KnowledgeBase) -> BaseSummary:
        if access.base_ids is not None:
            raise Forbidden("This key is limited to some knowledge bases.", code="key_scope")
        with self.db.write() as session:
            self._refuse_taken(session, base.name, access.person_id)
            session.add(base)
            session.flush()
            record(session, access, "base.create", "base", base.id)
        return BaseSummary(base, Role.OWNER, access.name, True, 0, 0, 0, 0)

    def attached(self, access: Access, base_id: str | None) -> str | None:
        """The id, as long as the base is there and the person may see it."""
        if base_id is None:
            return None
        with self.db.read() as session:
            return next(iter(roles_in(session, access, [base_id])), None)

    def all(self, access: Access) -> list[BaseSummary]:
        """Those the person may see, by name, without attached files."""
        with self.db.read() as session:
            return _summaries(session, access)

    def get(self, access: Access, base_id: str) -> BaseSummary:
        with self.db.read() as session:
            get_base(session, access, base_id)
            return _summaries(session, access, base_id)[0]

    @again_after_a_race
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
        wanted = select(KnowledgeBase.id).where(
            KnowledgeBase.name == name, KnowledgeBase.owner_id == owner_id
        )
        if session.exec(wanted).first() is not None:
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
    if base_id is None:
        bases = bases.where(col(KnowledgeBase.expires_at).is_(None))
    return [
        BaseSummary(
            base,
            roles[base.id],
            display_name or name,
            access.unrestricted or base.owner_id == access.person_id,
            documents[base.id, "all"],
            documents[base.id, "ready"],
            documents[base.id, "failed"],
            chunks[base.id],
        )
        for base, display_name, name in session.exec(bases)
    ]
