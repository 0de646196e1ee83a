"""From cookie or key to who is asking, on SQLite and PostgreSQL."""

from datetime import timedelta

import pytest
from sqlalchemy import event, update
from sqlmodel import col, select

from app.db.tables import ApiKey, KnowledgeBase, LoginSession, Person, utc_now
from app.services.errors import NotFound, Unauthenticated
from app.services.people.access import LOCAL_OWNER, Access
from app.services.people.authentication import Authentication, Credentials
from tests.services.people.conftest import Rooms


def refused(rooms: Rooms, credentials: Credentials) -> bool:
    try:
        rooms.people.authentication.access(credentials)
    except Unauthenticated:
        return True
    return False


def aged(rooms: Rooms, **changes: timedelta) -> None:
    """Move times of all sessions into the past."""
    with rooms.db.write() as session:
        for stored in session.exec(select(LoginSession)):
            for name, by in changes.items():
                setattr(stored, name, getattr(stored, name) - by)
            session.add(stored)


def key(rooms: Rooms, person_id: str, **more: object) -> str:
    access = Access(person_id, "")
    return rooms.people.keys.create(access, "script", ["ask"], **more)[1]  # type: ignore[arg-type]


def test_without_a_login_everybody_is_the_owner(rooms: Rooms) -> None:
    old = rooms.people.authentication
    none = Authentication("none", rooms.db, old.last_seen, old.idle)
    assert none.access(Credentials(bearer="nonsense", cookie="x")) is LOCAL_OWNER


def test_a_session_is_its_person_with_groups(rooms: Rooms) -> None:
    ada = rooms.person("ada", admin=True)
    for name in ("law", "board"):
        group = rooms.people.groups.create(LOCAL_OWNER, name)
        rooms.people.groups.add_member(LOCAL_OWNER, group.id, ada)
    access = rooms.people.authentication.access(rooms.cookie(ada))
    assert (access.person_id, access.name, access.admin, access.key_id) == (ada, "ada", True, "")
    assert access.group_ids == {g.group.id for g in rooms.people.groups.all()}
    assert access.session_id
    assert not access.unrestricted


def test_nobody_without_a_cookie_or_with_a_wrong_one(rooms: Rooms) -> None:
    ada = rooms.person("ada")
    cookie = rooms.cookie(ada)
    assert refused(rooms, Credentials())
    assert refused(rooms, Credentials(cookie=cookie.cookie[:-1]))
    assert refused(rooms, Credentials(bearer=cookie.cookie)), "a session is no key"
    assert refused(rooms, Credentials(cookie="\udcff"))


def test_sessions_end_by_time(rooms: Rooms) -> None:
    cookie = rooms.cookie(rooms.person("ada"))
    aged(rooms, seen_at=timedelta(hours=71))
    assert not refused(rooms, cookie)
    rooms.people.last_seen.write()
    aged(rooms, seen_at=timedelta(hours=73))
    assert refused(rooms, cookie), "not used for three days"
    aged(rooms, seen_at=-timedelta(hours=73), expires_at=timedelta(days=14))
    assert refused(rooms, cookie), "signed in two weeks ago"


def test_a_session_in_use_is_not_idle_before_that_is_written(rooms: Rooms) -> None:
    cookie = rooms.cookie(rooms.person("ada"))
    assert not refused(rooms, cookie)
    aged(rooms, seen_at=timedelta(hours=73))
    assert not refused(rooms, cookie)


def test_a_renewed_token_replaces_the_one_before(rooms: Rooms) -> None:
    before = rooms.cookie(rooms.person("ada"))
    assert rooms.people.sessions.renew(before.cookie) is None, "it is new"
    aged(rooms, rotated_at=timedelta(hours=13))
    opened = rooms.people.sessions.renew(before.cookie)
    assert opened is not None
    after = Credentials(cookie=opened.token)
    assert not refused(rooms, after)
    assert not refused(rooms, before), "for requests on their way"
    assert rooms.people.sessions.renew(before.cookie) is None, "the old one gives no new one"
    aged(rooms, rotated_at=timedelta(seconds=61))
    assert refused(rooms, before)
    assert not refused(rooms, after)


def test_a_disabled_person_stops_at_once_with_their_keys(rooms: Rooms) -> None:
    rooms.person("root", admin=True)
    ada = rooms.person("ada")
    cookie, bearer = rooms.cookie(ada), Credentials(bearer=key(rooms, ada))
    rooms.people.accounts.update(LOCAL_OWNER, ada, disabled=True)
    assert refused(rooms, cookie)
    assert refused(rooms, bearer)
    rooms.people.accounts.update(LOCAL_OWNER, ada, disabled=False)
    assert refused(rooms, cookie), "the session is gone"
    assert not refused(rooms, bearer)


def test_a_key_has_its_scopes_and_bases_and_never_administers(rooms: Rooms) -> None:
    ada = rooms.person("ada", admin=True)
    bases = [KnowledgeBase(owner_id=ada, name=n, embedder="hashing", dim=8) for n in ("a", "b")]
    with rooms.db.write() as session:
        session.add_all(bases)
    ids = [base.id for base in bases]
    token = key(rooms, ada, base_ids=ids)
    with pytest.raises(NotFound):
        rooms.people.keys.create(Access(rooms.person("bob"), "bob"), "x", ["ask"], ids)
    access = rooms.people.authentication.access(Credentials(bearer=token, cookie="ignored"))
    assert (access.person_id, access.admin) == (ada, False)
    assert (access.scopes, access.base_ids) == ({"ask"}, set(ids))
    assert access.key_id
    assert rooms.people.keys.of(ada)[0].hint == token[-4:]
    assert token.startswith("zk_")


def test_expired_and_revoked_keys_are_refused(rooms: Rooms) -> None:
    ada, bob = rooms.person("ada"), rooms.person("bob")
    soon = utc_now() + timedelta(minutes=1)
    bearer = Credentials(bearer=key(rooms, ada, expires_at=soon))
    assert not refused(rooms, bearer)
    with rooms.db.write() as session:
        session.exec(update(ApiKey).values(expires_at=utc_now()))
    assert refused(rooms, bearer)
    with rooms.db.write() as session:
        session.exec(update(ApiKey).values(expires_at=None))
    assert not refused(rooms, bearer)
    key_id = rooms.people.keys.of(ada)[0].id
    with pytest.raises(NotFound):
        rooms.people.keys.revoke(Access(bob, "bob"), key_id)
    rooms.people.keys.revoke(Access(ada, "ada"), key_id)
    assert refused(rooms, bearer)
    assert not rooms.people.keys.of(ada)
    assert key(rooms, ada), "its name is free again"


def test_no_secret_is_stored(rooms: Rooms) -> None:
    ada = rooms.person("ada")
    cookie, token = rooms.cookie(ada).cookie, key(rooms, ada)
    with rooms.db.read() as session:
        rows = [
            *session.exec(select(LoginSession)),
            *session.exec(select(ApiKey)),
            *session.exec(select(Person)),
        ]
    stored = " ".join(str(row.model_dump()) for row in rows)
    assert cookie not in stored
    assert token not in stored
    assert "argon2id" in stored


def test_last_use_is_written_later_and_in_one_go(rooms: Rooms) -> None:
    ada = rooms.person("ada")
    token = key(rooms, ada)
    cookie = rooms.cookie(ada)
    aged(rooms, seen_at=timedelta(hours=1))
    statements: list[str] = []
    event.listen(
        rooms.db.engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: statements.append(statement),
    )
    for _ in range(5):
        rooms.people.authentication.access(Credentials(bearer=token))
        rooms.people.authentication.access(cookie)
    assert len([s for s in statements if s.startswith("SELECT")]) == 10, "one read a request"
    assert not [s for s in statements if s.startswith(("UPDATE", "INSERT"))]
    rooms.people.last_seen.write()
    assert len([s for s in statements if s.startswith("UPDATE")]) == 3
    with rooms.db.read() as session:
        used = session.exec(select(ApiKey.used_at)).one()
        seen = session.exec(select(Person.seen_at).where(col(Person.id) == ada)).one()
        session_seen = max(session.exec(select(LoginSession.seen_at)).all())
    just_now = utc_now() - timedelta(minutes=1)
    assert used is not None and used > just_now
    assert seen is not None and seen > just_now
    assert session_seen > just_now
