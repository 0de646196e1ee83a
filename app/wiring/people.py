"""Builds the services for people: accounts, sessions, keys, audit."""

from dataclasses import dataclass
from datetime import timedelta

from app.config import Settings
from app.db.engine import Database
from app.services.people.accounts import Accounts
from app.services.people.audit import Audit
from app.services.people.authentication import Authentication
from app.services.people.groups import Groups
from app.services.people.keys import Keys
from app.services.people.last_seen import LastSeen
from app.services.people.links import Links
from app.services.people.password_sign_in import PasswordSignIn
from app.services.people.passwords import Passwords
from app.services.people.sessions import Sessions
from app.services.people.throttle import Throttle


@dataclass(frozen=True, slots=True)
class People:
    audit: Audit
    last_seen: LastSeen
    authentication: Authentication
    accounts: Accounts
    sessions: Sessions
    links: Links
    keys: Keys
    groups: Groups
    password_sign_in: PasswordSignIn


def build_people(settings: Settings, db: Database, passwords: Passwords | None = None) -> People:
    """`passwords`: another hasher, for tests."""
    passwords = passwords or Passwords()
    audit, last_seen = Audit(db), LastSeen(db)
    sessions = Sessions(db, audit, timedelta(hours=settings.session_hours))
    return People(
        audit=audit,
        last_seen=last_seen,
        authentication=Authentication(
            settings.auth, db, last_seen, timedelta(hours=settings.session_idle_hours)
        ),
        accounts=Accounts(db, audit, passwords),
        sessions=sessions,
        links=Links(db, audit, passwords, sessions),
        keys=Keys(db, audit),
        groups=Groups(db, audit),
        password_sign_in=PasswordSignIn(db, audit, passwords, sessions, Throttle()),
    )
