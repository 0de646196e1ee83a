"""Links by which people choose their password, at the beginning or when they forgot it."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import Session, col

from app.db.engine import Database
from app.db.tables import Person, SignInLink, utc_now
from app.services.errors import LinkInvalid
from app.services.people.access import Access
from app.services.people.audit import Audit, record
from app.services.people.sessions import OpenedSession, Sessions, end_sessions
from app.services.people.sign_in.passwords import Passwords, check_password
from app.services.people.sign_in.tokens import new_token, token_hash

INVITE = timedelta(days=7)
RESET = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Links:
    """`admins_only`: the others sign in elsewhere, and have no password."""

    db: Database
    audit: Audit
    passwords: Passwords
    sessions: Sessions
    admins_only: bool = False

    def read(self, token: str) -> tuple[str, str]:
        """Name of its person, and purpose: invite or reset. Raises LinkInvalid."""
        with self.db.read() as session:
            link, person = self._valid(session, token)
            return person.name, link.purpose

    def use(self, token: str, password: str) -> OpenedSession:
        """Sets the password and signs in; the link is used up, other sessions end.

        Raises LinkInvalid, and Invalid for a weak password, after which the link still works.
        """
        with self.db.read() as session:
            _, person = self._valid(session, token)
        check_password(password, (person.name, person.display_name, person.email))
        hashed = self.passwords.hash(password)  # before the transaction: it takes a while
        with self.db.write() as session:
            link, person = self._valid(session, token)
            used = delete(SignInLink).where(col(SignInLink.token_hash) == link.token_hash)
            if session.exec(used).rowcount != 1:  # somebody else was faster
                raise LinkInvalid
            person.password_hash, person.state = hashed, "active"
            session.add(person)
            session.flush()
            end_sessions(session, person.id)
            access = Access(person.id, person.name, person.admin)
            record(session, access, "person.password", "person", person.id, by=link.purpose)
            return self.sessions.open_in(session, person.id, "link")

    def _valid(self, session: Session, token: str) -> tuple[SignInLink, Person]:
        link = session.get(SignInLink, token_hash(token))
        person = session.get(Person, link.person_id) if link is not None else None
        valid = link is not None and utc_now() < link.expires_at
        if link is None or person is None or not valid or person.state == "disabled":
            raise LinkInvalid
        if self.admins_only and not person.admin:
            raise LinkInvalid
        return link, person


def new_link(session: Session, person: Person) -> str:
    """The token of a new link, in place of earlier ones."""
    session.exec(delete(SignInLink).where(col(SignInLink.person_id) == person.id))
    token, invited = new_token(), person.state == "invited"
    link = SignInLink(
        token_hash=token_hash(token),
        person_id=person.id,
        purpose="invite" if invited else "reset",
        expires_at=utc_now() + (INVITE if invited else RESET),
    )
    session.add(link)
    return token
