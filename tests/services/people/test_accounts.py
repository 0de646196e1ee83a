"""Accounts, groups and links, on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import select

from app.db.tables import OWNER_ID, BaseGrant, KnowledgeBase, LoginSession
from app.services.errors import (
    Conflict,
    Invalid,
    LinkInvalid,
    NotFound,
    SignInFailed,
    TooManyAttempts,
)
from app.services.people.access import LOCAL_OWNER, Access
from app.services.people.authentication import Credentials
from app.services.people.sessions import ROTATE_AFTER
from app.services.people.sign_in.passwords import check_password
from tests.services.people.conftest import PASSWORD, Rooms


def names(rooms: Rooms) -> list[str]:
    return [account.person.name for account in rooms.people.accounts.all()]


def test_only_the_first_administrator_takes_over_what_is_there(rooms: Rooms) -> None:
    assert names(rooms) == []
    create = rooms.people.accounts.create
    bob, _ = create(LOCAL_OWNER, "bob")
    ada, _ = create(LOCAL_OWNER, "ada", admin=True)
    cy, _ = create(LOCAL_OWNER, "cy", admin=True)
    assert ada.id == OWNER_ID
    assert OWNER_ID not in (bob.id, cy.id)
    assert names(rooms) == ["ada", "bob", "cy"]


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a\nb", "owner", "Everyone", "a/b", "<b>", "x" * 121]
)
def test_names_that_are_refused(rooms: Rooms, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        rooms.people.accounts.create(LOCAL_OWNER, name)
    assert refused.value.code == "bad_name"


def test_a_name_is_taken_whatever_its_case_or_width(rooms: Rooms) -> None:
    rooms.people.accounts.create(LOCAL_OWNER, "Ada")
    rooms.people.accounts.create(LOCAL_OWNER, "王小明")
    for same in ("ADA", " ada ", "ａｄａ"):
        with pytest.raises(Conflict):
            rooms.people.accounts.create(LOCAL_OWNER, same)
    assert rooms.people.accounts.named("ＡＤＡ").name == "ada"


def test_the_last_administrator_stays(rooms: Rooms) -> None:
    ada = rooms.person("ada", admin=True)
    bob, _ = rooms.people.accounts.create(LOCAL_OWNER, "bob", admin=True)  # has not come yet
    update = rooms.people.accounts.update
    for change in ({"admin": False}, {"disabled": True}):
        with pytest.raises(Conflict) as refused:
            update(LOCAL_OWNER, ada, **change)  # type: ignore[arg-type]
        assert refused.value.code == "last_admin"
    with pytest.raises(Conflict):
        rooms.people.leaving.remove(LOCAL_OWNER, ada, conversations="delete")
    rooms.people.links.use(rooms.people.accounts.link(LOCAL_OWNER, bob.id), PASSWORD)
    update(LOCAL_OWNER, ada, admin=False)
    with pytest.raises(Conflict):
        update(LOCAL_OWNER, bob.id, disabled=True)


def test_a_new_link_replaces_the_one_before_and_ends_sessions_when_used(rooms: Rooms) -> None:
    ada = rooms.person("ada")
    cookie = rooms.cookie(ada)
    first = rooms.people.accounts.link(LOCAL_OWNER, ada)
    second = rooms.people.accounts.link(LOCAL_OWNER, ada)
    assert rooms.people.links.read(second) == ("ada", "reset")
    with pytest.raises(LinkInvalid):
        rooms.people.links.read(first)
    assert rooms.people.authentication.access(cookie).name == "ada"
    rooms.people.links.use(second, "another long secret")
    with pytest.raises(Exception, match="Sign in"):
        rooms.people.authentication.access(cookie)
    with pytest.raises(SignInFailed):
        rooms.people.password_sign_in.sign_in("ada", PASSWORD)
    assert rooms.people.password_sign_in.sign_in("ada", "another long secret").token


def test_a_disabled_account_gets_no_link_and_its_own_stops(rooms: Rooms) -> None:
    ada = rooms.person("ada")
    link = rooms.people.accounts.link(LOCAL_OWNER, ada)
    rooms.people.accounts.update(LOCAL_OWNER, ada, disabled=True)
    with pytest.raises(LinkInvalid):
        rooms.people.links.use(link, PASSWORD)
    with pytest.raises(Conflict):
        rooms.people.accounts.link(LOCAL_OWNER, ada)


def test_changing_ones_password_ends_ones_other_sessions(rooms: Rooms) -> None:
    ada = rooms.person("ada")
    here, there = rooms.cookie(ada), rooms.cookie(ada)
    access = rooms.people.authentication.access(here)
    change = rooms.people.accounts.change_password
    with pytest.raises(Invalid) as refused:
        change(access, "wrong", "another long secret")
    assert refused.value.code == "wrong_password"
    change(access, PASSWORD, "another long secret")
    assert rooms.people.authentication.access(here).person_id == ada
    with pytest.raises(Exception, match="Sign in"):
        rooms.people.authentication.access(there)


def test_a_stolen_session_does_not_guess_the_password(rooms: Rooms) -> None:
    ada = rooms.person("ada")
    access = rooms.people.authentication.access(rooms.cookie(ada))
    change = rooms.people.accounts.change_password
    for n in range(10):
        with pytest.raises(Invalid):
            change(access, f"guess number {n}", "another long secret")
    with pytest.raises(TooManyAttempts):
        change(access, PASSWORD, "another long secret")
    assert rooms.people.password_sign_in.sign_in("ada", PASSWORD).token, "nobody is kept out"


def test_without_a_login_nobody_sets_a_password(rooms: Rooms) -> None:
    with pytest.raises(Conflict) as refused:
        rooms.people.accounts.change_password(LOCAL_OWNER, "", "another long secret")
    assert refused.value.code == "no_login"
    assert rooms.people.accounts.create(LOCAL_OWNER, "ada", admin=True)[0].id == OWNER_ID


def test_a_hash_with_other_parameters_is_replaced_at_sign_in(rooms: Rooms) -> None:
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    from app.db.tables import Person

    ada = rooms.person("ada")
    weaker = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1),))
    with rooms.db.write() as session:
        person = session.get_one(Person, ada)
        person.password_hash = old = weaker.hash(PASSWORD)
        session.add(person)
    rooms.people.password_sign_in.sign_in("ada", PASSWORD)
    with rooms.db.read() as session:
        assert session.get_one(Person, ada).password_hash != old
    assert rooms.people.password_sign_in.sign_in("ada", PASSWORD).token


def test_a_removed_group_takes_what_was_shared_with_it(rooms: Rooms) -> None:
    ada = rooms.person("ada")
    group = rooms.people.groups.create(LOCAL_OWNER, "law")
    rooms.people.groups.add_member(LOCAL_OWNER, group.id, ada)
    rooms.people.groups.add_member(LOCAL_OWNER, group.id, ada)
    with pytest.raises(Conflict):
        rooms.people.groups.create(LOCAL_OWNER, " law ")
    base = KnowledgeBase(owner_id=OWNER_ID, name="库", embedder="hashing", dim=8)
    with rooms.db.write() as session:
        session.add(base)
        session.flush()
        session.add(BaseGrant(base_id=base.id, subject_kind="group", subject_id=group.id, role=1))
    rooms.people.groups.remove(LOCAL_OWNER, group.id)
    with rooms.db.read() as session:
        assert session.get(BaseGrant, (base.id, "group", group.id)) is None
    assert rooms.people.accounts.get(ada).groups == []
    with pytest.raises(NotFound):
        rooms.people.groups.add_member(LOCAL_OWNER, group.id, ada)


@pytest.mark.parametrize(
    "password",
    [
        *(
            "short",
            "ninechars",
            "x" * 257,
            "aaaaaaaaaaaa",
            "abababababab",
            "1234567890",
            "9876543210",
        ),
        *("abcdefghijk", "qwertyuiop", "Password123", "ada.lovelace", "ada.lovelace1815"),
        "ada.lovelace@example.com",
    ],
)
def test_passwords_that_are_easily_guessed(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(password, ("ada.lovelace", "Ada Lovelace", "ada.lovelace@example.com"))
    assert refused.value.code == "weak_password"


@pytest.mark.parametrize(
    "password", [PASSWORD, "知问知问我有一个秘密口令", "k3#Pq9!zLw", "ada plays the harp"]
)
def test_passwords_that_are_not(password: str) -> None:
    check_password(password, ("ada", "", ""))


def test_every_change_of_people_is_in_the_audit(rooms: Rooms) -> None:
    from app.services.people.audit import AuditFilter

    access = Access(rooms.person("root", admin=True), "root", admin=True)
    people = rooms.people
    ada, _ = people.accounts.create(access, "ada")
    people.accounts.update(access, ada.id, email="ada@example.com")
    people.links.use(people.accounts.link(access, ada.id), PASSWORD)
    group = people.groups.create(access, "law")
    people.groups.rename(access, group.id, "Law")
    people.groups.add_member(access, group.id, ada.id)
    people.groups.remove_member(access, group.id, ada.id)
    people.groups.remove(access, group.id)
    own = Access(ada.id, "ada", session_id=people.sessions.of(ada.id)[0].id)
    key, token = people.keys.create(own, "script", ["ask"])
    people.keys.revoke(own, key.id)
    people.accounts.change_password(own, PASSWORD, "another long secret")
    people.sessions.end(own, own.session_id)
    people.sessions.end_all(access, ada.id)
    people.leaving.export(access, ada.id)
    people.leaving.remove(access, ada.id, conversations="delete")
    entries = list(people.audit.all(AuditFilter()))
    actions = [entry.action for entry in entries]
    expected = [
        *("person.create", "person.update", "person.link", "person.password", "session.open"),
        *("group.create", "group.update", "group.add", "group.take_out", "group.remove"),
        *("key.create", "key.revoke", "person.password", "session.end", "session.end_all"),
        *("person.export", "person.remove"),
    ]
    assert actions[-len(expected) :] == expected
    told = str([entry.model_dump() for entry in entries])
    assert token not in told
    assert PASSWORD not in told
    assert "ada@example.com" not in told
    found, total = people.audit.page(
        AuditFilter(person_id=ada.id, action="key.create"), limit=1, offset=0
    )
    assert (total, found[0].person_name, found[0].object_id) == (1, "ada", key.id)


def test_two_administrators_cannot_remove_each_other_at_once(rooms: Rooms) -> None:
    people = [rooms.person("ada", admin=True), rooms.person("bob", admin=True)]

    def demote(person_id: str) -> str:
        try:
            rooms.people.accounts.update(LOCAL_OWNER, person_id, admin=False)
        except Conflict as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(demote, people))
    assert sorted(outcomes) == ["done", "last_admin"]


def test_two_pages_that_renew_a_session_at_once_get_one_new_token(rooms: Rooms) -> None:
    cookie = rooms.cookie(rooms.person("ada"))
    with rooms.db.write() as session:
        for stored in session.exec(select(LoginSession)):
            stored.rotated_at -= ROTATE_AFTER
            session.add(stored)
    with ThreadPoolExecutor(4) as pool:
        renewed = list(pool.map(rooms.people.sessions.renew, [cookie.cookie] * 4))
    (opened,) = (each for each in renewed if each is not None)
    assert rooms.people.authentication.access(Credentials(cookie=opened.token)).name == "ada"


def test_a_new_password_ends_links_to_choose_another(rooms: Rooms) -> None:
    ada = rooms.person("ada")
    own = Access(ada, "ada")
    token = rooms.people.accounts.link(LOCAL_OWNER, ada)
    rooms.people.accounts.change_password(own, PASSWORD, "a green and pleasant land")
    with pytest.raises(NotFound):
        rooms.people.links.use(token, "the password of somebody else")
