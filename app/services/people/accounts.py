"""Accounts of people: created, changed, disabled. `leaving.py` removes them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.races import again_after_a_race
from app.db.tables import (
    OWNER_ID,
    GroupMember,
    LoginSession,
    PeopleGroup,
    Person,
    PersonIdentity,
    SignInLink,
    utc_now,
)
from app.services.errors import Conflict, Forbidden, Invalid, NotFound
from app.services.people.access import Access
from app.services.people.audit import Audit, record
from app.services.people.sessions import end_sessions
from app.services.people.sign_in.links import new_link
from app.services.people.sign_in.passwords import Passwords, check_password
from app.services.people.sign_in.throttle import Throttle

# Owns the conversations of people who have left, where those are kept without their names.
ANONYMOUS_ID = "anonymous"
RESERVED = frozenset({OWNER_ID, ANONYMOUS_ID, "everyone"})
JUST_SIGNED_IN = timedelta(minutes=10)
_NAME = re.compile(r"[\w.@+-]{1,120}")
_DISPLAY_CHARS = 120
_EMAIL_CHARS = 254


@dataclass(frozen=True, slots=True)
class Account:
    """A person with the groups they are in, by name."""

    person: Person
    groups: Sequence[PeopleGroup] = ()


@dataclass(frozen=True, slots=True)
class Accounts:
    """`admins_only`: the others can't sign in by a password, and may have forgotten theirs."""

    db: Database
    audit: Audit
    passwords: Passwords
    throttle: Throttle
    admins_only: bool = False

    def all(self) -> list[Account]:
        """Everybody who has or had a way to sign in, by name."""
        with self.db.read() as session:
            people = session.exec(select(Person).order_by(Person.name)).all()
            hidden = {ANONYMOUS_ID, *([OWNER_ID] if is_unclaimed(session) else [])}
            groups: dict[str, list[PeopleGroup]] = {}
            members = select(GroupMember.person_id, PeopleGroup).join(PeopleGroup)
            for person_id, group in session.exec(members.order_by(PeopleGroup.name)):
                groups.setdefault(person_id, []).append(group)
            return [Account(p, groups.get(p.id, ())) for p in people if p.id not in hidden]

    def get(self, person_id: str) -> Account:
        """Raises NotFound."""
        with self.db.read() as session:
            person = get_person(session, person_id)
            groups = session.exec(
                select(PeopleGroup)
                .join(GroupMember)
                .where(GroupMember.person_id == person_id)
                .order_by(PeopleGroup.name)
            )
            return Account(person, groups.all())

    def named(self, name: str) -> Person:
        """Raises NotFound."""
        with self.db.read() as session:
            found = session.exec(select(Person).where(Person.name == fold_name(name))).first()
            if found is None or found.id == ANONYMOUS_ID:
                raise NotFound("person", name)
            return found

    @again_after_a_race
    def create(
        self,
        access: Access,
        name: str,
        display_name: str = "",
        email: str = "",
        *,
        admin: bool = False,
    ) -> tuple[Person, str]:
        """A new account and the token of the link by which its person chooses a password.

        The first administrator takes over the account that owns what is there without a login.
        Raises Invalid, Conflict.
        """
        with self.db.write() as session:
            person = self.create_in(session, access, name, display_name, email, admin=admin)
            return person, new_link(session, person)

    def create_in(
        self,
        session: Session,
        access: Access | None,
        name: str,
        display_name: str = "",
        email: str = "",
        *,
        admin: bool = False,
        state: str = "invited",
    ) -> Person:
        """A new account within a transaction, without a link; see `create`."""
        name = check_name(name)
        if session.exec(select(Person.id).where(Person.name == name)).first() is not None:
            raise Conflict(f"The name {name!r} is taken.", code="name_taken")
        takes_over = admin and is_unclaimed(session)
        person = get_person(session, OWNER_ID) if takes_over else Person(name=name)
        person.name, person.admin, person.state = name, admin, state
        person.display_name = _checked(display_name, _DISPLAY_CHARS, "name")
        person.email = _checked(email, _EMAIL_CHARS, "address")
        session.add(person)
        session.flush()
        record(session, access, "person.create", "person", person.id, name=name, admin=admin)
        return person

    def update(
        self,
        access: Access,
        person_id: str,
        *,
        display_name: str | None = None,
        email: str | None = None,
        admin: bool | None = None,
        disabled: bool | None = None,
    ) -> Person:
        """Changes what is not None. Disabling ends all sessions; keys don't work until the account
        is enabled again. Raises NotFound, Invalid, and Conflict for the last administrator."""
        with self.db.write() as session:
            person = get_person(session, person_id)
            changed = []
            if display_name is not None:
                person.display_name = _checked(display_name, _DISPLAY_CHARS, "name")
                changed.append("display_name")
            if email is not None:
                person.email = _checked(email, _EMAIL_CHARS, "address")
                changed.append("email")
            if admin is not None and admin != person.admin:
                if not admin:
                    refuse_last_admin(session, person)
                person.admin = admin
                changed.append("admin")
            if disabled is not None and disabled != (person.state == "disabled"):
                self._switch(session, person, disabled=disabled)
                changed.append("state")
            session.add(person)
            record(
                session,
                access,
                "person.update",
                "person",
                person.id,
                changed=changed,
                admin=person.admin,
                state=person.state,
            )
            return person

    def _switch(self, session: Session, person: Person, *, disabled: bool) -> None:
        if disabled:
            refuse_last_admin(session, person)
            person.state = "disabled"
            end_sessions(session, person.id)
            session.exec(delete(SignInLink).where(col(SignInLink.person_id) == person.id))
        else:
            known = person.password_hash or _has_identity(session, person.id)
            person.state = "active" if known else "invited"

    def link(self, access: Access, person_id: str) -> str:
        """The token of a new link that replaces earlier ones. The password stays as it is until
        somebody uses it. Raises NotFound, Conflict for a disabled account."""
        with self.db.write() as session:
            person = get_person(session, person_id)
            if person.state == "disabled":
                raise Conflict("This account is disabled. Enable it first.", code="disabled")
            record(session, access, "person.link", "person", person.id)
            return new_link(session, person)

    def change_password(self, access: Access, old: str, new: str) -> None:
        """Sets one's own password, and ends one's other sessions and links to choose another.

        Raises Conflict without a login, and what `confirm` raises.
        """
        if access.unrestricted:
            raise Conflict("There is no login here: ZHIWEN_AUTH=none.", code="no_login")
        person = self.confirm(access, old, "person.password")
        check_password(new, (person.name, person.display_name, person.email))
        hashed = self.passwords.hash(new)
        with self.db.write() as session:
            person = get_person(session, access.person_id)
            person.password_hash = hashed
            session.add(person)
            end_sessions(session, person.id, but=access.session_id)
            session.exec(delete(SignInLink).where(col(SignInLink.person_id) == person.id))
            record(session, access, "person.password", "person", person.id)

    def confirm(self, access: Access, password: str, action: str) -> Person:
        """Who asks for a new way into their account, `action`. A session is not enough, since
        somebody may have got hold of it: the password is, or where it doesn't sign in, having just
        signed in.

        Raises Invalid, Forbidden where one has to sign in again, and TooManyAttempts to guess.
        """
        with self.db.read() as session:
            person = get_person(session, access.person_id)
            opened = session.get(LoginSession, access.session_id)
        just_now = opened is not None and utc_now() < opened.created_at + JUST_SIGNED_IN
        if just_now and not (person.password_hash and (person.admin or not self.admins_only)):
            return person
        if not person.password_hash:
            raise Forbidden("Sign in again first.", code="sign_in_again")
        if not password:
            raise Invalid("Give the password of the account, too.", code="password_needed")
        self.throttle.attempt_own(access.person_id)
        right, _ = self.passwords.verify(password, person.password_hash)
        if not right:
            self.audit.add(access, action, "person", person.id, outcome="refused", why="password")
            raise Invalid("The password is wrong.", code="wrong_password")
        self.throttle.confirmed(access.person_id)
        return person


def get_person(session: Session, person_id: str, *, lock: bool = False) -> Person:
    """`lock`: nobody else changes or locks it until the transaction ends. Rows that refer to it can
    be added: whoever signs in holds others, and must not wait. Raises NotFound."""
    person = session.get(Person, person_id, with_for_update={"key_share": True} if lock else None)
    if person is None or person_id == ANONYMOUS_ID:
        raise NotFound("person", person_id)
    return person


def is_unclaimed(session: Session) -> bool:
    """Whether nobody has taken over the account that owns what is there without a login."""
    owner = session.get(Person, OWNER_ID)
    return (
        owner is not None
        and owner.name == OWNER_ID
        and owner.state == "active"
        and not owner.password_hash
        and not _has_identity(session, OWNER_ID)
    )


def refuse_last_admin(session: Session, person: Person) -> None:
    """Raises Conflict if nobody else administers."""
    if not person.admin or person.state != "active":
        return
    admins = select(Person.id).where(col(Person.admin), col(Person.state) == "active")
    # Locked until the transaction ends: two may be about to lose it at once.
    others = set(session.exec(admins.order_by(Person.id).with_for_update())) - {person.id}
    if is_unclaimed(session):
        others.discard(OWNER_ID)
    if not others:
        raise Conflict("This is the last administrator.", code="last_admin")


def fold_name(name: str) -> str:
    """A name as it is stored and compared."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def check_name(name: str) -> str:
    """The folded name of a new account or raises Invalid."""
    folded = fold_name(name)
    if _NAME.fullmatch(folded) is None or folded in RESERVED:
        raise Invalid(
            "A name has 1 to 120 letters, digits and . _ - + @, and is not owner, anonymous or "
            "everyone.",
            code="bad_name",
        )
    return folded


def _checked(text: str, max_chars: int, what: str) -> str:
    plain = " ".join(text.split())
    if len(plain) > max_chars or not plain.isprintable():
        raise Invalid(f"The {what} is too long or has control characters.", code="bad_name")
    return plain


def _has_identity(session: Session, person_id: str) -> bool:
    found = select(PersonIdentity.subject).where(PersonIdentity.person_id == person_id)
    return session.exec(found.limit(1)).first() is not None
