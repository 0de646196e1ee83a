"""Signing in with name and password."""

import logging
from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import col, select

from app.db.engine import Database
from app.db.tables import Person
from app.services.errors import SignInFailed, TooManyAttempts
from app.services.people.accounts import fold_name
from app.services.people.audit import Audit
from app.services.people.sessions import OpenedSession, Sessions
from app.services.people.sign_in.passwords import Passwords
from app.services.people.sign_in.throttle import Throttle
from app.services.people.visitor import visitor

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """`admins_only`: the others sign in elsewhere, where they are also locked out."""

    db: Database
    audit: Audit
    passwords: Passwords
    sessions: Sessions
    throttle: Throttle
    admins_only: bool = False

    def sign_in(self, name: str, password: str) -> OpenedSession:
        """Opens a session. Raises TooManyAttempts, and SignInFailed with the same words and after
        the same time for an unknown name, a wrong password and a disabled account."""
        name, address = fold_name(name)[:120], visitor().address
        with self.db.read() as session:
            person = session.exec(select(Person).where(Person.name == name)).first()
        try:
            self.throttle.attempt(name, address)
        except TooManyAttempts:
            if self.throttle.is_news(address):
                self._refused(person, "throttled")
            raise
        right, newer = self.passwords.verify(password, person.password_hash if person else "")
        may = person is not None and person.state == "active"
        if person is None or not right or not may or (self.admins_only and not person.admin):
            why = "password" if right is False else "state" if not may else "method"
            self._refused(person, why)
            raise SignInFailed
        self.throttle.succeeded(name, address)
        with self.db.write() as session:
            if newer is not None:
                session.exec(
                    update(Person)
                    .where(
                        col(Person.id) == person.id,
                        col(Person.password_hash) == person.password_hash,
                    )
                    .values(password_hash=newer)
                )
            return self.sessions.open_in(session, person.id, "password")

    def _refused(self, person: Person | None, why: str) -> None:
        """Records known names only: people sometimes type a password where the name belongs."""
        about = {"name": person.name} if person is not None else {}
        person_id = person.id if person is not None else ""
        self.audit.add(
            None, "session.open", "person", person_id, outcome="refused", why=why, **about
        )
        log.warning("a sign-in from %s was refused: %s", visitor().address, why)
