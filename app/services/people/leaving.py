"""When people leave: what they get, and what becomes of what is theirs."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import and_, delete, or_, update
from sqlmodel import Session, SQLModel, col, select

from app.db.engine import Database
from app.db.tables import (
    OWNER_ID,
    ApiKey,
    AuditEntry,
    BaseGrant,
    Conversation,
    GroupMember,
    KnowledgeBase,
    LoginSession,
    PeopleGroup,
    Person,
    PersonIdentity,
    SignInLink,
    StoredDataSet,
    StoredFeedback,
    StoredMessage,
    UsageDay,
    new_id,
)
from app.services.errors import Conflict
from app.services.library.removal import remove_base
from app.services.people.access import Access, Role
from app.services.people.accounts import ANONYMOUS_ID, get_person, refuse_last_admin
from app.services.people.audit import Audit, record
from app.services.people.groups import forget_subject

Conversations = Literal["delete", "anonymise"]

_OF_PERSON = (ApiKey, GroupMember, LoginSession, PersonIdentity, SignInLink, UsageDay)
_MEMBERS = ("group.add", "group.take_out")


@dataclass(frozen=True, slots=True)
class Leaving:
    db: Database
    audit: Audit

    def remove(
        self,
        access: Access,
        person_id: str,
        *,
        conversations: Conversations,
        bases_to: str = "",
    ) -> None:
        """Removes an account with its sessions, keys and grants.

        Anonymised conversations stay for improving answers and belong to nobody who can sign in.
        Bases go to the person `bases_to`. Audit entries stay, those of the account that somebody
        may take over again with an id of their own; data sets stay without who built them.
        Raises NotFound, and Conflict for the last administrator or while there are bases.
        """
        with self.db.write() as session:
            person = get_person(session, person_id)
            refuse_last_admin(session, person)
            self._hand_over(session, person, bases_to)
            self._conversations(session, person_id, conversations)
            forget_subject(session, "person", person_id)
            for table in _OF_PERSON:
                session.exec(delete(table).where(col(table.person_id) == person_id))
            built = col(StoredDataSet.person_id) == person_id  # adapters may rest on them
            session.exec(update(StoredDataSet).where(built).values(person_id=""))
            record(
                session,
                access,
                "person.remove",
                "person",
                person_id,
                name=person.name,
                conversations=conversations,
                bases_to=bases_to,
            )
            if person_id == OWNER_ID:  # an installation without a login needs the account
                session.flush()
                _to_an_id_of_its_own(session)
                person.name, person.display_name, person.email = OWNER_ID, "", ""
                person.password_hash, person.state, person.admin = "", "active", True
                session.add(person)
            else:
                session.delete(person)

    def _hand_over(self, session: Session, person: Person, to: str) -> None:
        """Attached files are gone with the person."""
        owned = session.exec(select(KnowledgeBase).where(KnowledgeBase.owner_id == person.id)).all()
        for base in owned:
            if base.expires_at is not None:
                remove_base(session, base.id)
        bases = [base for base in owned if base.expires_at is None]
        if not bases:
            return
        if not to or to == person.id:
            raise Conflict(
                f"{len(bases)} knowledge bases are theirs. Delete them, or say who gets them.",
                code="has_bases",
            )
        heir = get_person(session, to)
        names = set(
            session.exec(select(KnowledgeBase.name).where(KnowledgeBase.owner_id == heir.id))
        )
        for base in bases:
            base.name = _free_name(base.name, person.name, names)
            base.owner_id = heir.id
            names.add(base.name)
            session.add(base)
        session.flush()

    def _conversations(self, session: Session, person_id: str, then: Conversations) -> None:
        owned = col(Conversation.owner_id) == person_id
        if then == "delete":  # the processes that write answers notice
            session.exec(delete(Conversation).where(owned))
            return
        if session.get(Person, ANONYMOUS_ID) is None:
            session.add(Person(id=ANONYMOUS_ID, name=ANONYMOUS_ID, state="disabled"))
            session.flush()
        session.exec(update(Conversation).where(owned).values(owner_id=ANONYMOUS_ID))

    def export(self, access: Access, person_id: str) -> dict[str, Any]:
        """Everything that is stored about a person or was written by them, as JSON. The texts of
        documents are not among it. Raises NotFound."""
        with self.db.read() as session:
            person = get_person(session, person_id)
            groups = session.exec(
                select(PeopleGroup.name).join(GroupMember).where(GroupMember.person_id == person_id)
            )
            found = {
                "person": _plain(person, "password_hash"),
                "groups": list(groups),
                "identities": _all(session, PersonIdentity, person_id),
                "sessions": _all(session, LoginSession, person_id, "token_hash", "previous_hash"),
                "keys": _all(session, ApiKey, person_id, "token_hash"),
                "usage": _all(session, UsageDay, person_id),
                "audit": _all(session, AuditEntry, person_id),
                "audit_about": _about(session, person_id),
                "datasets": _all(session, StoredDataSet, person_id),
                "bases": self._bases(session, person_id),
                "conversations": self._exported_conversations(session, person_id),
            }
        self.audit.add(access, "person.export", "person", person_id)
        return found

    def _bases(self, session: Session, person_id: str) -> list[dict[str, Any]]:
        """Own ones, and those shared with the person alone."""
        owned = session.exec(select(KnowledgeBase).where(KnowledgeBase.owner_id == person_id))
        shared = session.exec(
            select(KnowledgeBase, BaseGrant.role)
            .join(BaseGrant, col(BaseGrant.base_id) == col(KnowledgeBase.id))
            .where(BaseGrant.subject_kind == "person", BaseGrant.subject_id == person_id)
        )
        roles = [*((base, Role.OWNER) for base in owned), *shared]
        return [{"id": b.id, "name": b.name, "role": Role(role).word} for b, role in roles]

    def _exported_conversations(self, session: Session, person_id: str) -> list[dict[str, Any]]:
        messages: dict[str, list[dict[str, Any]]] = {}
        rows = session.exec(
            select(StoredMessage, StoredFeedback)
            .join(Conversation, col(Conversation.id) == col(StoredMessage.conversation_id))
            .outerjoin(StoredFeedback, col(StoredFeedback.message_id) == col(StoredMessage.id))
            .where(Conversation.owner_id == person_id)
            .order_by(col(StoredMessage.position), col(StoredMessage.created_at))
        )
        for message, feedback in rows:
            wanted = {"id", "parent_id", "shown", "role", "content", "model", "created_at"}
            messages.setdefault(message.conversation_id, []).append(
                {
                    **message.model_dump(mode="json", include=wanted),
                    "feedback": _plain(feedback) if feedback is not None else None,
                }
            )
        conversations = session.exec(
            select(Conversation)
            .where(Conversation.owner_id == person_id)
            .order_by(col(Conversation.created_at))
        )
        return [{**_plain(c), "messages": messages.get(c.id, [])} for c in conversations]


def _about(session: Session, person_id: str) -> list[dict[str, Any]]:
    """Entries about the person that are not theirs: who failed to sign in to the account, and what
    administrators did with it, whose own addresses are not told."""
    kind, id_ = col(AuditEntry.object_kind), col(AuditEntry.object_id)
    keys = select(ApiKey.id).where(ApiKey.person_id == person_id)
    entries = session.exec(
        select(AuditEntry)
        .where(
            AuditEntry.person_id != person_id,
            or_(
                and_(kind == "person", id_ == person_id),
                and_(kind == "key", id_.in_(keys)),
                and_(kind == "group", col(AuditEntry.action).in_(_MEMBERS)),
            ),
        )
        .order_by(col(AuditEntry.id))
    )
    about = [e for e in entries if e.action not in _MEMBERS or e.detail.get("member") == person_id]
    return [_plain(e, *(("address", "key_id") if e.person_id else ())) for e in about]


def _to_an_id_of_its_own(session: Session) -> None:
    """Entries of who had the account, and about them: the next one who takes it over is somebody
    else."""
    former = new_id()
    of, about = col(AuditEntry.person_id) == OWNER_ID, col(AuditEntry.object_id) == OWNER_ID
    person = col(AuditEntry.object_kind) == "person"
    session.exec(update(AuditEntry).where(of).values(person_id=former))
    session.exec(update(AuditEntry).where(about, person).values(object_id=former))


def _free_name(name: str, from_whom: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        suffix = f" ({from_whom})" if number == 1 else f" ({from_whom} {number})"
        candidate, number = name[: 120 - len(suffix)] + suffix, number + 1
    return candidate


def _all(
    session: Session, table: type[SQLModel], person_id: str, *secrets: str
) -> list[dict[str, Any]]:
    of_person = table.person_id == person_id  # type: ignore[attr-defined]  # of each of them
    return [_plain(row, *secrets) for row in session.exec(select(table).where(of_person))]


def _plain(row: SQLModel, *secrets: str) -> dict[str, Any]:
    return row.model_dump(mode="json", exclude=set(secrets))
