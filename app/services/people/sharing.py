"""Who may see a base and its parts: grants to people and groups, and restricted paths."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, delete, select

from app.db.engine import Database
from app.db.races import again_after_a_race
from app.db.tables import (
    BaseGrant,
    KnowledgeBase,
    PathRestriction,
    PeopleGroup,
    Person,
    RestrictionMember,
)
from app.services.errors import Forbidden, Invalid, NotFound
from app.services.people.access import EVERYONE, SHELL, Access, Role, Subject
from app.services.people.audit import record
from app.services.people.grants import roles_in

_MAX_RESTRICTIONS = 500  # in a base; each search asks which of them cover what it found


@dataclass(frozen=True, slots=True)
class Named:
    """A subject with the name that people know it by; empty for everyone."""

    subject: Subject
    name: str


@dataclass(frozen=True, slots=True)
class Grant:
    to: Named
    role: Role


@dataclass(frozen=True, slots=True)
class Restriction:
    """A path that only the base's owners and these members may see; a folder ends with a slash."""

    id: str
    path: str
    members: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Sharing:
    """All of it is for owners of the base, and for the shell of the machine. Raises NotFound and
    Forbidden for others."""

    db: Database

    def grants(self, access: Access, base_id: str) -> list[Grant]:
        """By kind and name."""
        with self.db.read() as session:
            _require_owner(session, access, base_id)
            found = session.exec(select(BaseGrant).where(BaseGrant.base_id == base_id)).all()
            names = _names(session, [(g.subject_kind, g.subject_id) for g in found])
        grants = [
            Grant(names[grant.subject_kind, grant.subject_id], Role(grant.role)) for grant in found
        ]
        return sorted(grants, key=lambda grant: (grant.to.subject[0], grant.to.name))

    @again_after_a_race
    def grant(self, access: Access, base_id: str, subject: Subject, role: Role) -> Grant:
        """Give a role, in place of the one that the subject has. Everyone can only be a reader."""
        if subject == EVERYONE and role > Role.READER:
            raise Invalid("Everyone can only be a reader.", code="everyone_reads")
        with self.db.write() as session:
            _require_owner(session, access, base_id)
            named = _named(session, subject)
            kind, id_ = subject
            session.merge(
                BaseGrant(base_id=base_id, subject_kind=kind, subject_id=id_, role=int(role))
            )
            record(session, access, "base.share", "base", base_id, to=list(subject), role=role.word)
        return Grant(named, role)

    def revoke(self, access: Access, base_id: str, subject: Subject) -> None:
        """From now on. Raises NotFound where there is no such grant."""
        with self.db.write() as session:
            _require_owner(session, access, base_id)
            stored = session.get(BaseGrant, (base_id, *subject))
            if stored is None:
                raise NotFound("grant", "/".join(subject))
            session.delete(stored)
            record(session, access, "base.unshare", "base", base_id, to=list(subject))

    def restrictions(self, access: Access, base_id: str) -> list[Restriction]:
        """By path."""
        with self.db.read() as session:
            _require_owner(session, access, base_id)
            found = session.exec(
                select(PathRestriction)
                .where(PathRestriction.base_id == base_id)
                .order_by(PathRestriction.path)
            ).all()
            members = session.exec(
                select(RestrictionMember).where(
                    col(RestrictionMember.restriction_id).in_([each.id for each in found])
                )
            ).all()
            names = _names(session, [(m.subject_kind, m.subject_id) for m in members])
        return [
            Restriction(
                each.id,
                each.path,
                tuple(
                    names[member.subject_kind, member.subject_id]
                    for member in members
                    if member.restriction_id == each.id
                ),
            )
            for each in found
        ]

    def restrict(
        self, access: Access, base_id: str, path: str, members: Sequence[Subject]
    ) -> Restriction:
        """Only owners and these members see what lies there from now on; they need a role in the
        base as well. Another restriction of the same path is replaced."""
        path = _clean(path)
        with self.db.write() as session:
            _require_owner(session, access, base_id)
            # One after the other: each takes away what is there.
            session.get(KnowledgeBase, base_id, with_for_update=True)
            named = [_named(session, subject) for subject in members if subject != EVERYONE]
            if len(named) < len(members):
                raise Invalid("A restriction for everyone is none.", code="everyone_reads")
            same = col(PathRestriction.base_id) == base_id
            known = session.exec(select(PathRestriction).where(same)).all()
            if len(known) >= _MAX_RESTRICTIONS:
                raise Invalid(
                    f"A base has at most {_MAX_RESTRICTIONS} restrictions; use folders.",
                    code="too_many_restrictions",
                )
            # A new one under a new id: what was remembered for the old one is not asked for again.
            also = (path.rstrip("/"), path.rstrip("/") + "/")  # one place, written in two ways
            session.exec(delete(PathRestriction).where(same, col(PathRestriction.path).in_(also)))
            stored = PathRestriction(base_id=base_id, path=path)
            session.add(stored)
            session.flush()
            for member in named:
                kind, id_ = member.subject
                session.add(
                    RestrictionMember(restriction_id=stored.id, subject_kind=kind, subject_id=id_)
                )
            record(
                session,
                access,
                "base.restrict",
                "base",
                base_id,
                path=path,
                members=[list(member.subject) for member in named],
            )
        return Restriction(stored.id, path, tuple(named))

    def lift(self, access: Access, base_id: str, restriction_id: str) -> None:
        """Whoever reads the base may see it again. Raises NotFound."""
        with self.db.write() as session:
            _require_owner(session, access, base_id)
            stored = session.get(PathRestriction, restriction_id)
            if stored is None or stored.base_id != base_id:
                raise NotFound("restriction", restriction_id)
            session.delete(stored)
            record(session, access, "base.unrestrict", "base", base_id, path=stored.path)


def _require_owner(session: Session, access: Access, base_id: str) -> None:
    stored = session.get(KnowledgeBase, base_id)
    if access is SHELL and stored is not None:
        return
    role = roles_in(session, access, [base_id]).get(base_id)
    if role is None:
        raise NotFound("knowledge base", base_id)
    if role < Role.OWNER or stored is None:
        raise Forbidden("Only owners share a knowledge base.", code="role_too_low")


def _clean(path: str) -> str:
    """As documents have it; a slash at the end stays, to tell a folder where it is shown."""
    parts = [part.strip() for part in path.replace("\\", "/").split("/")]
    kept = [part for part in parts if part not in ("", ".", "..")]
    if not kept:
        raise Invalid("Name a folder or a document.", code="bad_name")
    return "/".join(kept) + ("/" if parts[-1] == "" else "")


def _named(session: Session, subject: Subject) -> Named:
    """Raises NotFound for a person or group that is not there."""
    found = _names(session, [subject])
    if not found:
        raise NotFound(subject[0], subject[1])
    return found[subject]


def _names(session: Session, subjects: Sequence[Subject]) -> dict[Subject, Named]:
    found: dict[Subject, Named] = {}
    people = [id_ for kind, id_ in subjects if kind == "person"]
    groups = [id_ for kind, id_ in subjects if kind == "group"]
    if EVERYONE in subjects:
        found[EVERYONE] = Named(EVERYONE, "")
    for person in session.exec(select(Person).where(col(Person.id).in_(people))):
        subject = ("person", person.id)
        found[subject] = Named(subject, person.display_name or person.name)
    for group in session.exec(select(PeopleGroup).where(col(PeopleGroup.id).in_(groups))):
        subject = ("group", group.id)
        found[subject] = Named(subject, group.name)
    return found
