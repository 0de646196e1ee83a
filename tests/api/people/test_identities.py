"""Connecting an account that is here to an identity at a provider, and disconnecting it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.db.tables import utc_now
from app.services.people.access import LOCAL_OWNER
from app.services.people.audit import AuditFilter
from tests.api.people.house import PASSWORD, House, sign_in, who
from tests.api.people.test_oidc import ADA, CALLBACK, Sso, code, settings_for
from tests.application import running_api
from tests.openid import running_provider
from tests.passwords import cheap_passwords

CONNECT = "/api/me/identities/oidc"
MINE = "/api/me/identities"


@pytest.fixture
def sso(tmp_path: Path) -> Iterator[Sso]:
    with running_provider() as provider:
        provider.person = dict(ADA)
        settings = settings_for(provider)
        with running_api(tmp_path / "data", passwords=cheap_passwords(), **settings) as api:
            yield Sso(House(api), provider)


def begin(sso: Sso, browser: httpx.Client, next_path: str = "/") -> dict[str, str]:
    begun = browser.post(CONNECT, json={"next": next_path, "password": PASSWORD})
    begun.raise_for_status()
    return sso.provider.sign_in(begun.json()["url"])


def connect(sso: Sso, browser: httpx.Client, next_path: str = "/") -> httpx.Response:
    return browser.post(CALLBACK, json={"params": begin(sso, browser, next_path)})


def signed_in_since(sso: Sso, person_id: str, time: timedelta) -> None:
    """As if all their sessions had been opened that long ago."""
    with sso.house.api.application.db.write() as session:
        for each in sso.house.api.application.sessions.of(person_id):
            each.created_at = utc_now() - time
            session.merge(each)


def audited(sso: Sso, action: str) -> list[tuple[str, Any, Any]]:
    found, _ = sso.house.api.application.audit.page(AuditFilter(action=action), limit=9, offset=0)
    return [(entry.outcome, entry.person_name, entry.detail) for entry in found]


def test_a_connected_account_is_signed_in_to_by_the_identity(sso: Sso) -> None:
    browser = sso.house.person("root", admin=True)
    person = who(browser)
    answer = connect(sso, browser, "/documents")
    assert (answer.json()["next"], answer.json()["person"]["id"]) == ("/documents", person["id"])
    assert "zhiwen_session" not in answer.headers.get("set-cookie", ""), "one stays in one's own"
    (identity,) = browser.get(MINE).json()
    assert (identity["provider"], identity["subject"]) == (sso.provider.url, "ada-1")
    by_provider = sso.house.browser()
    sso.sign_in(by_provider)
    assert who(by_provider)["id"] == person["id"]
    assert who(by_provider)["admin"] is True
    assert [group["name"] for group in who(browser)["groups"]] == ["Board", "Law"]
    told = ("done", "root", {"provider": sso.provider.url})
    assert audited(sso, "person.connect") == [told]
    assert connect(sso, browser).is_success, "once more changes nothing"
    assert audited(sso, "person.connect") == [told]


def test_a_stolen_session_connects_nothing(sso: Sso) -> None:
    """It would sign in to the account from then on, whatever becomes of the session."""
    root = sso.house.person("root", admin=True)
    thief = sso.house.browser()
    thief.cookies.set("zhiwen_session", root.cookies["zhiwen_session"])
    assert code(thief.post(CONNECT, json={})) == (422, "password_needed")
    wrong = {"password": "a guess at it"}
    assert code(thief.post(CONNECT, json=wrong)) == (422, "wrong_password")
    refused = [entry[:1] + entry[2:] for entry in audited(sso, "person.connect")]
    assert refused == [("refused", {"why": "password"})]
    for _ in range(9):
        assert code(thief.post(CONNECT, json=wrong)) == (422, "wrong_password")
    right = {"password": PASSWORD}
    assert code(thief.post(CONNECT, json=right)) == (429, "too_many_attempts")
    assert root.get(MINE).json() == []


def test_without_a_password_one_has_just_signed_in(sso: Sso) -> None:
    """Neither another identity nor a first password comes from a session that somebody found."""
    ada = sso.house.browser()
    sso.sign_in(ada)
    sso.provider.person = {**ADA, "sub": "ada-2"}
    assert connect(sso, ada).is_success
    assert len(ada.get(MINE).json()) == 2
    signed_in_since(sso, who(ada)["id"], timedelta(minutes=11))
    assert code(ada.post(CONNECT, json={})) == (403, "sign_in_again")
    body = {"old": "", "new": PASSWORD}
    assert code(ada.put("/api/me/password", json=body)) == (403, "sign_in_again")
    sso.sign_in(ada)
    assert ada.put("/api/me/password", json=body).is_success


def test_without_a_password_a_key_needs_a_sign_in_just_now(sso: Sso) -> None:
    ada = sso.house.browser()
    sso.sign_in(ada)
    assert ada.post("/api/keys", json={"name": "one", "scopes": ["read"]}).is_success
    signed_in_since(sso, who(ada)["id"], timedelta(minutes=11))
    refused = ada.post("/api/keys", json={"name": "two", "scopes": ["read"]})
    assert code(refused) == (403, "sign_in_again")
    sso.sign_in(ada)
    assert ada.post("/api/keys", json={"name": "two", "scopes": ["read"]}).is_success


def test_one_disconnects_an_identity_of_ones_own(sso: Sso) -> None:
    ada, elsewhere = sso.house.browser(), sso.house.browser()
    sso.sign_in(ada)
    (first,) = ada.get(MINE).json()
    assert code(ada.delete(f"{MINE}/{first['id']}")) == (409, "last_identity")
    sso.provider.person = {**ADA, "sub": "ada-2"}
    assert connect(sso, ada).is_success
    sso.sign_in(elsewhere)
    boss = sso.house.person("boss", admin=True)
    assert code(boss.delete(f"{MINE}/{first['id']}")) == (404, "not_found"), "it is not theirs"
    assert ada.delete(f"{MINE}/{first['id']}").status_code == 204
    assert [identity["subject"] for identity in ada.get(MINE).json()] == ["ada-2"]
    assert who(elsewhere) is None, "who came by it may still be there"
    sso.provider.person = dict(ADA)
    again = sso.house.browser()
    sso.sign_in(again)
    assert who(again)["name"] == "ada-2"


def test_an_administrator_has_their_password_besides(sso: Sso) -> None:
    root = sso.house.person("root", admin=True)
    connect(sso, root)
    (identity,) = root.get(MINE).json()
    assert root.delete(f"{MINE}/{identity['id']}").status_code == 204
    assert root.get(MINE).json() == []
    assert sign_in(root, "root").is_success


def test_groups_of_a_disconnected_identity_go_with_it(sso: Sso) -> None:
    """Also where another identity of the same provider stays: which group came from which is not
    known, and the next sign-in tells."""
    root, browser = sso.house.person("root", admin=True), sso.house.browser()
    sso.provider.person = {**ADA, "sub": "ada-2", "groups": []}
    sso.sign_in(browser)
    sso.provider.person = dict(ADA)
    connect(sso, browser)
    person_id = who(browser)["id"]
    assert [group["name"] for group in who(browser)["groups"]] == ["Board", "Law"]
    found = {each["subject"]: each["id"] for each in browser.get(MINE).json()}
    path = f"/api/people/{person_id}/identities/{found['ada-1']}"
    assert root.delete(path).status_code == 204
    assert sso.house.api.application.accounts.get(person_id).groups == []


def test_somebody_elses_identity_is_not_taken(sso: Sso) -> None:
    ada = sso.house.browser()
    sso.sign_in(ada)
    root = sso.house.person("root", admin=True)
    assert code(connect(sso, root)) == (409, "identity_taken")
    assert root.get(MINE).json() == []
    again = sso.house.browser()
    sso.sign_in(again)
    assert who(again)["id"] == who(ada)["id"] != who(root)["id"]
    assert [entry[0] for entry in audited(sso, "person.connect")] == ["refused"]


def test_only_the_session_that_began_can_end_it(sso: Sso) -> None:
    """Else somebody could connect their identity to the account of whoever follows a link."""
    root, other = (sso.house.person(name, admin=True) for name in ("root", "boss"))
    params = begin(sso, root)
    held = root.cookies["zhiwen_sign_in"]
    victim = sso.house.browser()
    victim.cookies.set("zhiwen_session", other.cookies["zhiwen_session"])
    victim.cookies.set("zhiwen_sign_in", held)
    assert code(victim.post(CALLBACK, json={"params": params})) == (401, "state_invalid")
    params = begin(sso, root)
    out = sso.house.browser()
    out.cookies.set("zhiwen_sign_in", root.cookies["zhiwen_sign_in"])
    assert code(out.post(CALLBACK, json={"params": params})) == (401, "state_invalid")
    params = begin(sso, root)
    assert sign_in(root, "root").is_success, "another session of the same person"
    assert code(root.post(CALLBACK, json={"params": params})) == (401, "state_invalid")
    assert root.get(MINE).json() == other.get(MINE).json() == []


def test_it_is_begun_by_a_page_of_ours_and_by_people_alone(sso: Sso) -> None:
    root = sso.house.person("root", admin=True)
    elsewhere = root.post(CONNECT, json={}, headers={"Origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    body = {"name": "k", "scopes": ["ask", "read", "write", "export"], "password": PASSWORD}
    token = root.post("/api/keys", json=body).json()["token"]
    program = sso.house.browser(Authorization=f"Bearer {token}")
    assert program.post(CONNECT, json={}).status_code == 403
    assert sso.house.browser().post(CONNECT, json={}).status_code == 401
    assert root.post(f"{MINE}/feishu", json={}).status_code == 404


def test_an_administrator_disconnects(sso: Sso) -> None:
    root, browser = sso.house.person("root", admin=True), sso.house.browser()
    sso.sign_in(browser)
    person_id = who(browser)["id"]
    choir = sso.house.api.application.groups.create(LOCAL_OWNER, "Choir")
    sso.house.api.application.groups.add_member(LOCAL_OWNER, choir.id, person_id)
    path = f"/api/people/{person_id}/identities"
    (identity,) = root.get(path).json()
    root_id = who(root)["id"]
    wrong = root.delete(f"/api/people/{root_id}/identities/{identity['id']}")
    assert wrong.status_code == 404, "it is not theirs"
    assert root.delete(f"{path}/{identity['id']}").status_code == 204
    assert root.get(path).json() == []
    assert who(browser) is None, "their sessions have ended"
    members = {m.name for each in sso.house.api.application.groups.all() for m in each.members}
    assert members == {"ada"}, "by the group that an administrator gave"
    assert audited(sso, "person.disconnect")[0][:2] == ("done", "root")
    again = sso.house.browser()
    sso.sign_in(again)
    assert who(again)["name"] == "ada-2"


def test_a_connected_account_may_be_disabled(sso: Sso) -> None:
    boss, root = (sso.house.person(name, admin=True) for name in ("boss", "root"))
    connect(sso, root)
    disabled = boss.patch(f"/api/people/{who(root)['id']}", json={"state": "disabled"})
    assert disabled.is_success
    assert code(sso.sign_in(sso.house.browser())) == (401, "sign_in_failed")


def test_a_password_that_no_longer_signs_in_need_not_be_remembered(tmp_path: Path) -> None:
    """But it is still enough: whoever signs in again to connect gets another account."""
    with running_api(tmp_path, passwords=cheap_passwords(), auth="password") as api:
        bob = House(api).person("bob")
        bob_id = who(bob)["id"]
    with running_provider() as provider:
        provider.person = dict(ADA)
        settings = settings_for(provider)
        with running_api(tmp_path, passwords=cheap_passwords(), **settings) as api:
            sso = Sso(House(api), provider)
            signed_in_since(sso, bob_id, timedelta(minutes=11))
            browser = sso.house.browser()
            browser.cookies.set("zhiwen_session", bob.cookies["zhiwen_session"])
            assert code(browser.post(CONNECT, json={})) == (422, "password_needed")
            assert connect(sso, browser).is_success
            sso.sign_in(browser)
            provider.person = {**ADA, "sub": "ada-2"}
            params = provider.sign_in(browser.post(CONNECT, json={}).json()["url"])
            assert browser.post(CALLBACK, json={"params": params}).is_success
            assert [each["subject"] for each in browser.get(MINE).json()] == ["ada-1", "ada-2"]
            assert who(browser)["id"] == bob_id
            root = sso.house.person("root", admin=True)
            assert code(root.post(CONNECT, json={})) == (422, "password_needed"), "it signs in"


def test_who_is_still_signed_in_when_a_firm_changes_to_a_provider_can_connect(
    tmp_path: Path,
) -> None:
    with running_api(tmp_path, passwords=cheap_passwords(), auth="password") as api:
        bob = House(api).person("bob")
        bob_id = who(bob)["id"]
    with running_provider() as provider:
        provider.person = dict(ADA)
        with running_api(tmp_path, **settings_for(provider)) as api:
            sso = Sso(House(api), provider)
            browser = sso.house.browser()
            browser.cookies.set("zhiwen_session", bob.cookies["zhiwen_session"])
            assert connect(sso, browser).is_success
            again = sso.house.browser()
            sso.sign_in(again)
            assert who(again)["id"] == bob_id
