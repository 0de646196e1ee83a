"""Signing in by an OpenID provider, which runs beside the service."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from sqlmodel import select

from app.api.deps import SESSION_COOKIE
from app.api.routes.people.single_sign_on import ATTEMPT_COOKIE
from app.db.tables import GroupMember, PersonIdentity, SignInAttempt, utc_now
from app.services.people.access import LOCAL_OWNER
from app.services.people.audit import AuditFilter
from tests.api.people.house import PASSWORD, House, sign_in, who
from tests.application import running_api
from tests.openid import CLIENT_ID, CLIENT_SECRET, Fault, OpenIdProvider, running_provider
from tests.passwords import cheap_passwords

ADA = {
    "sub": "ada-1",
    "preferred_username": "Ada",
    "name": "Ada L.",
    "email": "ada@example.com",
    "email_verified": True,
    "groups": ["Law", "Board"],
}
BEGIN = "/api/session/providers/oidc"
CALLBACK = f"{BEGIN}/callback"
# What goes wrong before the browser comes back; all other faults are in what proves a person.
DOWN = {"down", "metadata issuer", "metadata http", "redirect"}


@dataclass(frozen=True, slots=True)
class Sso:
    house: House
    provider: OpenIdProvider

    def begin(self, browser: httpx.Client, next_path: str = "/") -> dict[str, str]:
        """What the browser brings back from the provider."""
        begun = browser.post(BEGIN, json={"next": next_path})
        begun.raise_for_status()
        return self.provider.sign_in(begun.json()["url"])

    def sign_in(self, browser: httpx.Client, next_path: str = "/") -> httpx.Response:
        return browser.post(CALLBACK, json={"params": self.begin(browser, next_path)})

    def refusals(self) -> list[Any]:
        audit = self.house.api.application.audit
        entries, _ = audit.page(AuditFilter(action="session.open"), limit=50, offset=0)
        return [entry.detail["why"] for entry in entries if entry.outcome == "refused"]


def settings_for(provider: OpenIdProvider, **more: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "auth": "oidc",
        "oidc_issuer": provider.url,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_label": "Firm",
    }
    return {**usual, **more}


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with running_provider() as running:
        running.person = dict(ADA)
        yield running


@pytest.fixture
def sso(tmp_path: Path, provider: OpenIdProvider) -> Iterator[Sso]:
    settings = settings_for(provider)
    with running_api(tmp_path / "data", passwords=cheap_passwords(), **settings) as api:
        yield Sso(House(api), provider)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_first_sign_in_creates_an_account_and_the_second_finds_it(sso: Sso) -> None:
    browser = sso.house.browser()
    session = browser.get("/api/session").json()
    assert session["providers"] == [{"name": "oidc", "label": "Firm", "kind": "oidc"}]
    answer = sso.sign_in(browser, "/?page=chat")
    assert answer.json()["next"] == "/?page=chat"
    person = who(browser)
    assert answer.json()["person"] == person
    assert (person["name"], person["display_name"], person["admin"]) == ("ada", "Ada L.", False)
    assert [group["name"] for group in person["groups"]] == ["Board", "Law"]
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert ATTEMPT_COOKIE not in browser.cookies
    sso.provider.person["preferred_username"] = "ada.lovelace"  # married, say
    again = sso.house.browser()
    sso.sign_in(again)
    assert who(again) == person
    sessions = sso.house.api.application.sessions.of(person["id"])
    assert {session.method for session in sessions} == {"oidc"}


@pytest.mark.parametrize("fault", sorted(set(get_args(Fault)) - DOWN - {"", "userinfo"}))
def test_what_does_not_prove_who_somebody_is_opens_nothing(sso: Sso, fault: Fault) -> None:
    browser = sso.house.browser()
    sso.provider.fault = fault
    assert code(sso.sign_in(browser)) == (401, "sign_in_failed")
    assert SESSION_COOKIE not in browser.cookies
    assert who(browser) is None
    assert sso.refusals() == ["provider"]
    with sso.house.api.application.db.read() as session:
        assert session.exec(select(PersonIdentity)).all() == []


@pytest.mark.parametrize("fault", sorted(DOWN))
def test_a_provider_that_is_down_or_leads_elsewhere_is_not_followed(sso: Sso, fault: Fault) -> None:
    sso.provider.fault = fault
    answer = sso.house.browser().post(BEGIN, json={})
    assert code(answer) == (503, "provider_unavailable")
    assert sso.provider.asked == ["/.well-known/openid-configuration"]


def test_an_attempt_works_once_in_its_browser_and_for_ten_minutes(sso: Sso) -> None:
    browser, other = sso.house.browser(), sso.house.browser()
    params = sso.begin(browser)
    sso.begin(other)
    stolen = other.post(CALLBACK, json={"params": params})
    assert code(stolen) == (401, "state_invalid"), "or others could be signed in as somebody else"
    nobody = sso.house.browser().post(CALLBACK, json={"params": params})
    assert code(nobody) == (401, "state_invalid")
    held = browser.cookies[ATTEMPT_COOKIE]
    assert browser.post(CALLBACK, json={"params": params}).is_success
    replay = sso.house.browser(Cookie=f"{ATTEMPT_COOKIE}={held}")
    assert code(replay.post(CALLBACK, json={"params": params})) == (401, "state_invalid")
    params = sso.begin(browser)
    unknown = {**params, "state": "unknown"}
    assert code(browser.post(CALLBACK, json={"params": unknown})) == (401, "state_invalid")
    assert code(browser.post(CALLBACK, json={"params": {}})) == (401, "state_invalid")
    with sso.house.api.application.db.write() as session:
        for attempt in session.exec(select(SignInAttempt)):
            assert params["state"] not in attempt.model_dump().values()
            attempt.expires_at = utc_now() - timedelta(seconds=1)
            session.add(attempt)
    assert code(browser.post(CALLBACK, json={"params": params})) == (401, "state_invalid")


@pytest.mark.parametrize("subject", ["", 7, "a" * 256, "a\x00b"])
def test_a_subject_is_a_line_of_text(sso: Sso, subject: object) -> None:
    sso.provider.person["sub"] = subject
    assert code(sso.sign_in(sso.house.browser())) == (401, "sign_in_failed")


def test_whatever_comes_back_is_no_error_of_ours(sso: Sso) -> None:
    browser = sso.house.browser()
    params = sso.begin(browser)
    for name in ("state", "code", "iss"):
        for text in ("", "\x00", "x" * 8000):
            answer = browser.post(CALLBACK, json={"params": {**params, name: text}})
            assert answer.status_code == 401, (name, text[:9])
        lone = {"params": {**params, name: "\ud800"}}
        assert browser.post(CALLBACK, content=json.dumps(lone)).status_code in {401, 422}


def test_somebody_who_changes_their_mind_is_told_so(sso: Sso) -> None:
    browser = sso.house.browser()
    params = sso.begin(browser)
    denied = {"error": "access_denied", "state": params["state"]}
    assert code(browser.post(CALLBACK, json={"params": denied})) == (401, "sign_in_failed")
    assert code(browser.post(CALLBACK, json={"params": params})) == (401, "state_invalid")


def test_the_response_of_another_issuer_is_refused(sso: Sso) -> None:
    browser = sso.house.browser()
    mixed = {**sso.begin(browser), "iss": "https://evil.example"}
    assert code(browser.post(CALLBACK, json={"params": mixed})) == (401, "sign_in_failed")
    assert "/token" not in sso.provider.asked, "the code is not given away"


def test_nobody_gets_an_account_by_its_name_or_address(sso: Sso) -> None:
    local = sso.house.person("ada", admin=True)
    local.patch("/api/me", json={"email": "ada@example.com"}).raise_for_status()
    browser = sso.house.browser()
    sso.sign_in(browser)
    person = who(browser)
    assert (person["name"], person["admin"]) == ("ada-2", False)
    assert person["id"] != who(local)["id"]
    sso.provider.person |= {"sub": "ada-2", "preferred_username": "owner"}
    another = sso.house.browser()
    sso.sign_in(another)
    assert who(another)["name"] == "owner-2"


def test_only_administrators_have_a_password_besides(sso: Sso) -> None:
    root = sso.house.person("root", admin=True)
    sso.house.person("bob", admin=True)
    sso.house.person("carol", admin=True)
    bob = sso.house.person_id("bob")
    assert root.patch(f"/api/people/{bob}", json={"admin": False}).is_success
    assert sign_in(sso.house.browser(), "root").is_success
    assert code(sign_in(sso.house.browser(), "bob")) == (401, "sign_in_failed")
    link = {"token": sso.house.invite("dave"), "password": PASSWORD}
    answer = sso.house.browser().post("/api/session/link", json=link)
    assert code(answer) == (404, "link_invalid")


def test_groups_follow_the_provider_and_those_of_an_administrator_stay(sso: Sso) -> None:
    browser = sso.house.browser()
    sso.sign_in(browser)
    person_id = who(browser)["id"]
    groups = sso.house.api.application.groups
    choir = groups.create(LOCAL_OWNER, "Choir")
    groups.add_member(LOCAL_OWNER, choir.id, person_id)
    sso.provider.person["groups"] = ["Board", "Choir", "研发"]
    sso.sign_in(browser)
    assert [group["name"] for group in who(browser)["groups"]] == ["Board", "Choir", "研发"]
    with sso.house.api.application.db.read() as session:
        origin = {row.group_id: row.origin for row in session.exec(select(GroupMember))}
    assert origin.pop(choir.id) == "local"
    assert set(origin.values()) == {sso.provider.url}
    del sso.provider.person["groups"]
    sso.sign_in(browser)
    assert [group["name"] for group in who(browser)["groups"]] == ["Choir"]


def test_a_disabled_person_stays_out(sso: Sso) -> None:
    browser = sso.house.browser()
    sso.sign_in(browser)
    person_id = who(browser)["id"]
    accounts = sso.house.api.application.accounts
    accounts.update(LOCAL_OWNER, person_id, disabled=True)
    assert who(browser) is None
    assert code(sso.sign_in(browser)) == (401, "sign_in_failed")
    assert sso.refusals() == ["state"]
    accounts.update(LOCAL_OWNER, person_id, disabled=False)
    assert sso.sign_in(browser).is_success


@pytest.mark.parametrize(
    "next_path", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example"]
)
def test_nobody_is_led_elsewhere(sso: Sso, next_path: str) -> None:
    assert sso.sign_in(sso.house.browser(), next_path).json()["next"] == "/"


def test_what_the_id_token_lacks_is_asked_for(sso: Sso) -> None:
    sso.provider.in_id_token = {"name"}
    browser = sso.house.browser()
    sso.sign_in(browser)
    assert "/userinfo" in sso.provider.asked
    assert [group["name"] for group in who(browser)["groups"]] == ["Board", "Law"]
    sso.provider.fault = "userinfo"
    assert code(sso.sign_in(sso.house.browser())) == (401, "sign_in_failed"), "somebody else's"


@pytest.mark.parametrize(
    ("email", "verified", "let_in"),
    [
        ("ada@example.com", True, True),
        ("ada@EXAMPLE.com", True, True),
        ("ada@example.com", False, False),
        ("ada@example.com.evil.example", True, False),
        ("ada@sub.example.com", True, False),
        ("", True, False),
    ],
)
def test_only_addresses_of_the_domain(
    tmp_path: Path, provider: OpenIdProvider, email: str, *, verified: bool, let_in: bool
) -> None:
    settings = settings_for(provider, oidc_email_domains="example.com")
    provider.person |= {"email": email, "email_verified": verified}
    with running_api(tmp_path / "data", **settings) as api:
        assert Sso(House(api), provider).sign_in(House(api).browser()).is_success is let_in


def test_elsewhere_there_is_no_provider(house: House) -> None:
    assert code(house.browser().post(BEGIN, json={})) == (404, "not_found")
    assert code(house.browser().post(CALLBACK, json={"params": {}})) == (404, "not_found")
    assert code(house.browser().post("/api/session/proxy")) == (409, "no_login")
