"""Groups of people, which bases are shared with like with a person."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.races import again_after_a_race
from app.db.tables import BaseGrant, GroupMember, PeopleGroup, Person, RestrictionMember
from app.services.errors import Conflict, Invalid, NotFound
from app.services.people.access import Access
from app.services.people.accounts import get_person
from app.services.people.audit import Audit, record

_NAME_CHARS = 120


@dataclass(frozen=True, slots=True)
class GroupWithMembers:
    group: PeopleGroup
    members: Sequence[Person]


@dataclass(frozen=True, slots=True)
class Groups:
    db: Database
    audit: Audit

    def all(self) -> list[GroupWithMembers]:
        """By name, and so are the members of each."""
        with self.db.read() as session:
            groups = session.exec(select(PeopleGroup).order_by(PeopleGroup.name)).all()
            members: dict[str, list[Person]] = {}
            rows = select(GroupMember.group_id, Person).join(Person).order_by(Person.name)
            for group_id, person in session.exec(rows):
                members.setdefault(group_id, []).append(person)
            return [GroupWithMembers(group, members.get(group.id, ())) for group in groups]

    def named(self, name: str) -> PeopleGroup:
        """Raises NotFound."""
        with self.db.read() as session:
            found = session.exec(select(PeopleGroup).where(PeopleGroup.name == name)).first()
            if found is None:
                raise NotFound("group", name)
            return found

    @again_after_a_race
    def create(self, access: Access, name: str) -> PeopleGroup:
        """Raises Invalid, Conflict."""
        with self.db.write() as session:
            group = PeopleGroup(name=_checked(session, name))
            session.add(group)
            record(session, access, "group.create", "group", group.id, name=group.name)
            return group

    @again_after_a_race
    def rename(self, access: Access, group_id: str, name: str) -> PeopleGroup:
        """Raises NotFound, Invalid, Conflict."""
        with self.db.write() as session:
            group = get_group(session, group_id)
            if name.strip() != group.name:
                group.name = _checked(session, name)
            session.add(group)
            record(session, access, "group.update", "group", group.id, name=group.name)
            return group

    def remove(self, access: Access, group_id: str) -> None:
        """With what was shared with it. Raises NotFound."""
        with self.db.write() as session:
            group = get_group(session, group_id)
            forget_subject(session, "group", group_id)
            session.delete(group)
            record(session, access, "group.remove", "group", group_id, name=group.name)

    @again_after_a_race
    def add_member(
        self, access: Access, group_id: str, person_id: str, origin: str = "local"
    ) -> None:
        """Raises NotFound."""
        with self.db.write() as session:
            get_group(session, group_id)
            get_person(session, person_id)
            if session.get(GroupMember, (group_id, person_id)) is None:
                session.add(GroupMember(group_id=group_id, person_id=person_id, origin=origin))
                record(session, access, "group.add", "group", group_id, member=person_id)

    def remove_member(self, access: Access, group_id: str, person_id: str) -> None:
        """Raises NotFound for an unknown group; who is not in it stays out."""
        with self.db.write() as session:
            get_group(session, group_id)
            member = session.get(GroupMember, (group_id, person_id))
            if member is not None:
                session.delete(member)
                record(session, access, "group.take_out", "group", group_id, member=person_id)


def get_group(session: Session, group_id: str) -> PeopleGroup:
    """Raises NotFound."""
    group = session.get(PeopleGroup, group_id)
    if group is None:
        raise NotFound("group", group_id)
    return group


def forget_subject(session: Session, kind: str, id_: str) -> None:
    """Takes a person or group out of all grants and restrictions."""
    session.exec(
        delete(BaseGrant).where(
            col(BaseGrant.subject_kind) == kind, col(BaseGrant.subject_id) == id_
        )
    )
    session.exec(
        delete(RestrictionMember).where(
            col(RestrictionMember.subject_kind) == kind, col(RestrictionMember.subject_id) == id_
        )
    )


def _checked(session: Session, name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= _NAME_CHARS or not name.isprintable():
        raise Invalid(f"A group's name has 1 to {_NAME_CHARS} characters.", code="bad_name")
    if session.exec(select(PeopleGroup.id).where(PeopleGroup.name == name)).first() is not None:
        raise Conflict(f"The name {name!r} is taken.", code="name_taken")
    return name
