"""From what a request carries to who is asking.

Each request reads the database once and nothing is cached, so that a disabled person, an ended
session and a revoked key stop at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import BindParameter, Select, bindparam, func
from sqlalchemy import select as select_columns
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import ApiKey, GroupMember, LoginSession, Person, utc_now
from app.people_settings import AuthMode
from app.services.errors import Unauthenticated
from app.services.people.access import LOCAL_OWNER, Access, KeyScope
from app.services.people.sign_in.last_seen import LastSeen
from app.services.people.sign_in.tokens import token_hash

KEY_PREFIX = "zk_"
# Requests that were on their way when the token was replaced, and tabs that don't know it yet.
PREVIOUS_TOKEN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request carries: the bearer token of a key, and the session's cookie."""

    bearer: str = ""
    cookie: str = ""


@dataclass(frozen=True, slots=True)
class Authentication:
    """`idle`: how long a session lasts without a request."""

    mode: AuthMode
    db: Database
    last_seen: LastSeen
    idle: timedelta

    def access(self, credentials: Credentials) -> Access:
        """Who is asking. A key comes before a cookie. Raises Unauthenticated."""
        if self.mode == "none":
            return LOCAL_OWNER
        if credentials.bearer:
            return self._of_key(credentials.bearer)
        if credentials.cookie:
            return self._of_session(credentials.cookie)
        raise Unauthenticated

    def _of_session(self, token: str) -> Access:
        hashed, now = token_hash(token), utc_now()
        found = self._read(_session_statement(), hashed)
        replaced = found.token_hash != hashed and now > found.rotated_at + PREVIOUS_TOKEN
        if replaced or now >= found.expires_at or now >= self._idle_from(found):
            raise Unauthenticated
        self.last_seen.note(found.person_id, session_id=found.id)
        return Access(
            found.person_id,
            found.name,
            found.admin,
            _groups(found.group_ids),
            session_id=found.id,
        )

    def _idle_from(self, session: Any) -> datetime:
        seen = self.last_seen.of_session(session.id) or session.seen_at
        return cast("datetime", seen) + self.idle

    def _of_key(self, token: str) -> Access:
        if not token.startswith(KEY_PREFIX):
            raise Unauthenticated
        found = self._read(_key_statement(), token_hash(token))
        expired = found.expires_at is not None and utc_now() >= found.expires_at
        if expired or found.revoked_at is not None:
            raise Unauthenticated
        self.last_seen.note(found.person_id, key_id=found.id)
        return Access(
            found.person_id,
            found.name,
            admin=False,  # a key never administers
            group_ids=_groups(found.group_ids),
            scopes=frozenset(cast("list[KeyScope]", found.scopes)),
            base_ids=None if found.base_ids is None else frozenset(found.base_ids),
            key_id=found.id,
        )

    def _read(self, statement: Select[Any], hashed: str) -> Any:
        """The row. Raises Unauthenticated where there is none: unknown, or of a person who may not
        sign in."""
        with self.db.read() as session:
            found = session.connection().execute(statement, {"hashed": hashed}).first()
        if found is None:
            raise Unauthenticated
        return found


# Built once: they are asked with each request, and building takes longer than asking.
@cache
def _session_statement() -> Select[Any]:
    hashed: BindParameter[str] = bindparam("hashed")
    return (
        _person_and(
            LoginSession.id,
            LoginSession.token_hash,
            LoginSession.rotated_at,
            LoginSession.seen_at,
            LoginSession.expires_at,
        )
        .join(LoginSession, col(LoginSession.person_id) == col(Person.id))
        .where(
            (col(LoginSession.token_hash) == hashed) | (col(LoginSession.previous_hash) == hashed)
        )
    )


@cache
def _key_statement() -> Select[Any]:
    return (
        _person_and(ApiKey.id, ApiKey.scopes, ApiKey.base_ids, ApiKey.expires_at, ApiKey.revoked_at)
        .join(ApiKey, col(ApiKey.person_id) == col(Person.id))
        .where(col(ApiKey.token_hash) == bindparam("hashed"))
    )


def _person_and(*columns: Any) -> Select[Any]:
    """An active person, the ids of their groups with commas between, and these columns."""
    group_ids = (
        select_columns(func.aggregate_strings(col(GroupMember.group_id), ","))
        .where(col(GroupMember.person_id) == col(Person.id))
        .scalar_subquery()
    )
    return (
        select_columns(
            col(Person.id).label("person_id"),
            col(Person.name),
            col(Person.admin),
            group_ids.label("group_ids"),
            *columns,
        )
        .select_from(Person)
        .where(col(Person.state) == "active")
    )


def _groups(joined: str | None) -> frozenset[str]:
    return frozenset(joined.split(",")) if joined else frozenset()
