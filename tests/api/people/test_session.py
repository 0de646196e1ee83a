"""Signing in and out over HTTP: links, passwords, cookies."""

import httpx
import pytest

from app.api.deps import SESSION_COOKIE
from app.services.people.access import LOCAL_OWNER
from app.services.people.audit import AuditFilter
from tests.api.people.house import PASSWORD, House, sign_in, who
from tests.application import RunningApi


def test_without_a_login_there_is_one_person(api: RunningApi) -> None:
    answer = api.http.get("/api/session", headers={"Authorization": "Bearer nonsense"}).json()
    assert (answer["auth"], answer["person"]["id"], answer["person"]["admin"]) == (
        "none",
        "owner",
        True,
    )
    refused = api.http.post("/api/session", json={"name": "owner", "password": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_login")


def test_the_first_administrator_takes_over_what_is_there(house: House) -> None:
    token = house.invite("Ada", admin=True)
    browser = house.browser()
    assert who(browser) is None
    link = browser.get("/api/session/link", params={"token": token}).json()
    assert link == {"name": "ada", "purpose": "invite"}
    done = browser.post("/api/session/link", json={"token": token, "password": PASSWORD})
    assert done.json()["person"] == who(browser)
    person = who(browser)
    assert (person["id"], person["name"], person["admin"]) == ("owner", "ada", True)


def test_a_link_works_once_and_not_with_a_weak_password(house: House) -> None:
    token, browser = house.invite("ada"), house.browser()
    for weak in ("short", "ada1234567", "1234567890", "aaaaaaaaaaaa", "qwertyuiop"):
        answer = browser.post("/api/session/link", json={"token": token, "password": weak})
        assert (answer.status_code, answer.json()["code"]) == (422, "weak_password"), weak
    body = {"token": token, "password": PASSWORD}
    assert browser.post("/api/session/link", json=body).status_code == 200
    again = browser.post("/api/session/link", json=body)
    assert (again.status_code, again.json()["code"]) == (404, "link_invalid")
    assert browser.get("/api/session/link", params={"token": token}).status_code == 404


def test_signing_in_and_out(house: House) -> None:
    house.person("ada")
    browser = house.browser()
    answer = sign_in(browser, " ADA ")
    assert (answer.status_code, answer.json()["person"]["name"]) == (200, "ada")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie
    held = browser.cookies[SESSION_COOKIE]
    assert who(browser)["name"] == "ada"
    assert browser.delete("/api/session").status_code == 204
    assert SESSION_COOKIE not in browser.cookies
    assert who(house.browser(Cookie=f"{SESSION_COOKIE}={held}")) is None, "ended, not forgotten"


def test_behind_https_the_cookie_is_secure_and_the_address_the_visitors(house: House) -> None:
    house.person("ada")
    browser = house.browser(**{"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"})
    assert "Secure" in sign_in(browser, "ada").headers["set-cookie"]
    sessions = house.api.application.sessions.of(house.person_id("ada"))
    assert "203.0.113.9" in [session.address for session in sessions]


@pytest.mark.parametrize("name", ["ada", "nobody", "bob", "owner"])
def test_nobody_learns_which_names_exist(house: House, name: str) -> None:
    house.person("root", admin=True)
    house.person("ada")
    house.person("bob")
    accounts = house.api.application.accounts
    accounts.update(LOCAL_OWNER, house.person_id("bob"), disabled=True)
    right = PASSWORD if name == "bob" else "wrong password"
    answer = sign_in(house.browser(), name, right)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (401, "sign_in_failed")
    assert problem["detail"] == "Name or password is wrong, or the account can't be used."


def test_signing_in_ends_the_session_that_the_browser_had(house: House) -> None:
    """Otherwise somebody could plant theirs."""
    planted = house.person("mallory").cookies[SESSION_COOKIE]
    house.person("ada")
    victim = house.browser()
    victim.cookies.set(SESSION_COOKIE, planted, domain="127.0.0.1")
    sign_in(victim, "ada")
    assert victim.cookies.get(SESSION_COOKIE, domain="127.0.0.1") != planted
    assert who(house.browser(Cookie=f"{SESSION_COOKIE}={planted}")) is None


def test_too_many_attempts_wait_and_nobody_else_does(house: House) -> None:
    signed_in = house.person("ada")
    house.person("bob")
    attacker = house.browser(**{"X-Forwarded-For": "203.0.113.9"})
    codes = [sign_in(attacker, "ada", f"guess number {n}").json()["code"] for n in range(11)]
    assert codes == ["sign_in_failed"] * 10 + ["too_many_attempts"]
    refused = sign_in(attacker, "ada")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert who(signed_in)["name"] == "ada"
    assert sign_in(house.browser(), "ada").status_code == 200, "from elsewhere"
    assert sign_in(attacker, "bob").status_code == 200


def test_attempts_are_in_the_audit_without_what_was_typed(house: House) -> None:
    house.person("ada")
    sign_in(house.browser(), "my password by mistake", "x")
    sign_in(house.browser(), "ada", "wrong password")
    entries, _ = house.api.application.audit.page(
        AuditFilter(action="session.open"), limit=50, offset=0
    )
    refused = [entry for entry in entries if entry.outcome == "refused"]
    assert [entry.detail for entry in refused] == [
        {"why": "password", "name": "ada"},
        {"why": "password"},
    ]
    assert all(entry.address == "127.0.0.1" for entry in refused)


def test_a_session_without_a_cookie_is_nobodys(house: House) -> None:
    answer = httpx.get(f"{house.api.url}/api/session", trust_env=False).json()
    assert answer == {"auth": "password", "providers": [], "person": None}
