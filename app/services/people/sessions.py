"""Login sessions: opened at sign-in, renewed now and then, ended one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import LoginSession, Person, utc_now
from app.services.errors import NotFound, Unauthenticated
from app.services.people.access import Access
from app.services.people.audit import Audit, record
from app.services.people.sign_in.tokens import new_token, token_hash
from app.services.people.visitor import visitor

ROTATE_AFTER = timedelta(hours=12)
_USER_AGENT_CHARS = 300


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """`token` is for the cookie; only its hash is stored."""

    token: str
    expires_at: datetime
    person_id: str


@dataclass(frozen=True, slots=True)
class Sessions:
    """`lasts`: from sign-in to the next one, however much it is used."""

    db: Database
    audit: Audit
    lasts: timedelta

    def open(self, person_id: str, method: str) -> OpenedSession:
        """Opens a session for a person who has proved who they are by `method`: password, link,
        proxy, or a provider's name. Raises Unauthenticated if they may not sign in."""
        with self.db.write() as session:
            return self.open_in(session, person_id, method)

    def open_in(self, session: Session, person_id: str, method: str) -> OpenedSession:
        """The same within a transaction."""
        person = session.get(Person, person_id)
        if person is None or person.state != "active":
            raise Unauthenticated
        token, came = new_token(), visitor()
        opened = LoginSession(
            token_hash=token_hash(token),
            person_id=person.id,
            method=method,
            user_agent=came.user_agent[:_USER_AGENT_CHARS],
            address=came.address,
            expires_at=utc_now() + self.lasts,
        )
        session.add(opened)
        access = Access(person.id, person.name, person.admin)
        record(session, access, "session.open", "session", opened.id, method=method)
        return OpenedSession(token, opened.expires_at, person.id)

    def renew(self, token: str) -> OpenedSession | None:
        """Replaces the token of a session that has had it for `ROTATE_AFTER`; None where it stays.

        For a few seconds the token before works, too. Call it only where the new cookie reaches the
        browser.
        """
        with self.db.write() as session:
            found = session.exec(
                select(LoginSession)
                .where(LoginSession.token_hash == token_hash(token))
                .with_for_update()  # two pages may be loaded at once
            ).one_or_none()
            now = utc_now()
            if found is None or now >= found.expires_at or now < found.rotated_at + ROTATE_AFTER:
                return None
            fresh = new_token()
            found.previous_hash, found.token_hash = found.token_hash, token_hash(fresh)
            found.rotated_at = now
            session.add(found)
            return OpenedSession(fresh, found.expires_at, found.person_id)

    def of(self, person_id: str) -> Sequence[LoginSession]:
        """A person's sessions that have not expired, latest first."""
        with self.db.read() as session:
            return session.exec(
                select(LoginSession)
                .where(
                    LoginSession.person_id == person_id, col(LoginSession.expires_at) > utc_now()
                )
                .order_by(col(LoginSession.seen_at).desc())
            ).all()

    def end(self, access: Access, session_id: str, *, of: str = "") -> None:
        """Ends one session of the person, or of another one given by `of`. Raises NotFound."""
        with self.db.write() as session:
            found = session.get(LoginSession, session_id)
            if found is None or found.person_id != (of or access.person_id):
                raise NotFound("session", session_id)
            session.delete(found)
            record(session, access, "session.end", "session", session_id)

    def end_all(self, access: Access, person_id: str, *, but: str = "") -> None:
        """Ends all sessions of a person, except for the one with the id `but`."""
        with self.db.write() as session:
            end_sessions(session, person_id, but=but)
            record(session, access, "session.end_all", "person", person_id)


def end_sessions(session: Session, person_id: str, *, but: str = "") -> None:
    """Ends all sessions of a person in this transaction, except for the one with the id `but`."""
    session.exec(
        delete(LoginSession).where(
            col(LoginSession.person_id) == person_id, col(LoginSession.id) != but
        )
    )
