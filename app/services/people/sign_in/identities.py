"""From an identity that was proved to the account it belongs to."""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.races import again_after_a_race
from app.db.tables import GroupMember, PeopleGroup, Person, PersonIdentity
from app.services.errors import Conflict, NotFound, SignInFailed
from app.services.people.access import Access
from app.services.people.accounts import RESERVED, Accounts, fold_name, get_person
from app.services.people.audit import Audit, record
from app.services.people.sessions import OpenedSession, Sessions, end_sessions
from app.services.people.sign_in.throttle import Throttle
from app.services.people.sign_in.tokens import token_hash
from app.services.people.visitor import visitor

log = logging.getLogger(__name__)

MAX_SUBJECT_CHARS = 255  # OpenID Connect Core 1.0, section 2
_MAX_GROUPS = 500
_GROUP_CHARS = 120
_NAME_CHARS = 100  # leaves room for a number behind it
_DISPLAY_CHARS = 120
_EMAIL_CHARS = 254
_NOT_IN_NAMES = re.compile(r"[^\w.@+-]+")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is elsewhere. `issuer` and `subject` identify them, the rest describes them."""

    issuer: str
    subject: str
    name: str
    display_name: str = ""
    email: str = ""
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Identities:
    """`issuer`: whose identities sign in. With one, only administrators can sign in by a password;
    it is empty where everyone does."""

    db: Database
    accounts: Accounts
    audit: Audit
    sessions: Sessions
    throttle: Throttle
    issuer: str = ""

    def sign_in(self, identity: Identity, method: str) -> OpenedSession:
        """Opens a session for the account of the identity, which is created the first time.

        An account is found by issuer and subject alone: who can choose a name or an address
        elsewhere must not get somebody's account here. Raises SignInFailed for a disabled account.
        """
        opened, person = self._open(identity, method)
        if opened is None:
            self.refuse("state", method, person)
            raise SignInFailed
        return opened

    # Others may create the same account or group at the same moment; then these are found.
    @again_after_a_race
    def _open(self, identity: Identity, method: str) -> tuple[OpenedSession | None, Person]:
        """No session for a disabled account."""
        with self.db.write() as session:
            person = self._known(session, identity) or self._create(session, identity)
            if person.state != "active":
                return None, person
            self._join(session, person, identity.issuer, identity.groups)
            return self.sessions.open_in(session, person.id, method), person

    @again_after_a_race
    def connect(self, access: Access, identity: Identity) -> None:
        """From now on the identity signs in to the account of `access`. Raises Conflict for one
        that belongs to another account."""
        with self.db.write() as session:
            known = session.get(PersonIdentity, (identity.issuer, identity.subject))
            mine = known is None or known.person_id == access.person_id
            if mine:
                person = get_person(session, access.person_id)
                if known is None:
                    _add(session, identity, person.id)
                    record(
                        *(session, access, "person.connect", "person", person.id),
                        provider=identity.issuer,
                    )
                self._join(session, person, identity.issuer, identity.groups)
        if not mine:
            self.audit.add(
                *(access, "person.connect", "person", access.person_id),
                outcome="refused",
                why="taken",
                provider=identity.issuer,
            )
            raise Conflict("This identity belongs to another account.", code="identity_taken")

    def of(self, person_id: str) -> Sequence[PersonIdentity]:
        """Those that sign in to the account, oldest first."""
        with self.db.read() as session:
            found = select(PersonIdentity).where(PersonIdentity.person_id == person_id)
            return session.exec(found.order_by(col(PersonIdentity.created_at))).all()

    def disconnect(self, access: Access, person_id: str, identity_id: str) -> None:
        """The identity, see `identity_id_of`, no longer signs in to the account: its sessions end,
        except for the one that asks, and so do memberships that the provider gave. Raises
        NotFound, and Conflict for one's own only way in."""
        with self.db.write() as session:
            # Locked: two identities may be disconnected at once.
            person = get_person(session, person_id, lock=True)
            found = select(PersonIdentity).where(PersonIdentity.person_id == person_id)
            rows = session.exec(found).all()
            gone = next((row for row in rows if identity_id_of(row) == identity_id), None)
            if gone is None:
                raise NotFound("identity", identity_id)
            by_password = person.password_hash and (person.admin or not self.issuer)
            working = [row for row in rows if self.signs_in(row)]
            if person_id == access.person_id and working == [gone] and not by_password:
                raise Conflict("This is your only way to sign in.", code="last_identity")
            session.delete(gone)
            # Of another identity there, too: the next sign-in by it tells what it may.
            self._join(session, person, gone.issuer, ())
            end_sessions(session, person_id, but=access.session_id)
            record(session, access, "person.disconnect", "person", person_id, provider=gone.issuer)

    def signs_in(self, row: PersonIdentity) -> bool:
        """Not where another provider is configured by now."""
        return row.issuer.rstrip("/") == self.issuer.rstrip("/")

    def refuse(self, why: str, method: str, person: Person | None = None) -> None:
        """Adds a refusal to audit and log."""
        about = {"name": person.name} if person is not None else {}
        person_id = person.id if person is not None else ""
        self.audit.add(
            None,
            "session.open",
            "person",
            person_id,
            outcome="refused",
            why=why,
            method=method,
            **about,
        )
        log.warning("a sign-in by %s from %s was refused: %s", method, visitor().address, why)

    def _known(self, session: Session, identity: Identity) -> Person | None:
        known = session.get(PersonIdentity, (identity.issuer, identity.subject))
        return None if known is None else session.get(Person, known.person_id)

    def _create(self, session: Session, identity: Identity) -> Person:
        person = self.accounts.create_in(
            session,
            None,
            _free_name(session, identity.name),
            _plain(identity.display_name, _DISPLAY_CHARS),
            identity.email if len(identity.email) <= _EMAIL_CHARS else "",
            state="active",
        )
        _add(session, identity, person.id)
        return person

    def _join(self, session: Session, person: Person, issuer: str, names: Iterable[str]) -> None:
        """Brings the memberships that come from `issuer` in line with `names`. Those that an
        administrator gave stay."""
        access = Access(person.id, person.name, person.admin)
        wanted = {_plain(name, _GROUP_CHARS) for name in sorted(names)[:_MAX_GROUPS]} - {""}
        found = session.exec(select(PeopleGroup).where(col(PeopleGroup.name).in_(wanted))).all()
        groups = {group.name: group for group in found}
        for name in sorted(wanted - groups.keys()):
            groups[name] = PeopleGroup(name=name)
            session.add(groups[name])
            record(session, access, "group.create", "group", groups[name].id, name=name, by=issuer)
        session.flush()
        ids = {group.id for group in groups.values()}
        members = session.exec(select(GroupMember).where(GroupMember.person_id == person.id)).all()
        left = {row.group_id for row in members if row.origin == issuer} - ids
        joined = ids - {row.group_id for row in members}
        session.exec(
            delete(GroupMember).where(
                col(GroupMember.person_id) == person.id, col(GroupMember.group_id).in_(left)
            )
        )
        session.add_all(
            GroupMember(group_id=id_, person_id=person.id, origin=issuer) for id_ in sorted(joined)
        )
        for action, changed in (("group.take_out", left), ("group.add", joined)):
            for id_ in sorted(changed):
                record(session, access, action, "group", id_, member=person.id, by=issuer)


def identity_id_of(row: PersonIdentity) -> str:
    """Names it in addresses, where what the provider calls it may have any character."""
    return token_hash(f"{row.issuer}\n{row.subject}")[:32]


def _add(session: Session, identity: Identity, person_id: str) -> None:
    session.add(
        PersonIdentity(issuer=identity.issuer, subject=identity.subject, person_id=person_id)
    )
    session.flush()


def _free_name(session: Session, wanted: str) -> str:
    """A name for a new account like `wanted`, with a number where that is taken."""
    base = _NOT_IN_NAMES.sub("-", fold_name(wanted))[:_NAME_CHARS].strip("-") or "person"
    like = select(Person.name).where(col(Person.name).startswith(base, autoescape=True))
    taken = {*session.exec(like).all(), *RESERVED}
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(name for name in numbered if name not in taken)


def _plain(text: str, max_chars: int) -> str:
    """One line without control characters."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:max_chars].strip()
