"""Signing in by a provider and by a proxy, through the interface and the whole API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.application import RunningApi, running_api
from tests.openid import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, running_provider
from tests.passwords import cheap_passwords
from tests.ui.people.test_sign_in import ZH, interface

PROXY = "192.0.2.7"


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with running_provider() as running:
        running.person = {"sub": "1", "preferred_username": "li", "email": "", "groups": []}
        yield running


@pytest.fixture
def api(tmp_path: Path, provider: OpenIdProvider) -> Iterator[RunningApi]:
    settings = {
        "auth": "oidc",
        "ui_url": "http://zhiwen.example",
        "oidc_issuer": provider.url,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_label": "示例公司",
    }
    with running_api(tmp_path, passwords=cheap_passwords(), **settings) as running:
        yield running


def test_by_a_provider_one_gets_where_one_wanted_to_go(
    api: RunningApi, provider: OpenIdProvider
) -> None:
    with interface(api.url) as browser:
        assert ZH["login.with"].format(provider="示例公司") in browser.get("/login").text
        away = browser.get("/login/oidc", params={"next": "/documents?id=1"})
        assert away.headers["location"].startswith(f"{provider.url}/authorize?")
        assert "redirect_uri=http%3A%2F%2Fzhiwen.example%2Flogin%2Foidc%2Fcallback" in str(
            away.headers["location"]
        )
        params = provider.sign_in(away.headers["location"])
        back = browser.get("/login/oidc/callback", params=params)
        assert (back.status_code, back.headers["location"]) == (303, "/documents?id=1")
        assert browser.get("/documents").text == "in"
        again = browser.get("/login/oidc/callback", params=params)
        assert ZH["login.state_invalid"] in again.text


@pytest.mark.parametrize(
    ("fault", "said"), [("key", "login.sign_in_failed"), ("down", "login.provider_unavailable")]
)
def test_what_goes_wrong_is_said(
    api: RunningApi, provider: OpenIdProvider, fault: str, said: str
) -> None:
    with interface(api.url) as browser:
        provider.fault = "down" if fault == "down" else "key"
        answer = browser.get("/login/oidc")
        if answer.status_code == 303:
            params = provider.sign_in(answer.headers["location"])
            answer = browser.get("/login/oidc/callback", params=params)
        assert ZH[said] in answer.text


def test_a_proxy_in_front_signs_in_and_nobody_else(tmp_path: Path) -> None:
    """Names reach the API as they came, in any language, and twice if somebody adds one."""
    settings = {
        "auth": "proxy",
        "trusted_proxies": PROXY,
        "proxy_header": "X-Forwarded-User",
        "proxy_groups_header": "X-Forwarded-Groups",
    }
    forwarded = ("X-Forwarded-For", "203.0.113.9")
    headers = [("X-Forwarded-User", "li"), ("X-Forwarded-Groups", "研发".encode()), forwarded]
    with running_api(tmp_path, **settings) as api:
        with interface(api.url, client=(PROXY, 50000)) as behind:
            to = behind.get("/login", params={"next": "/documents"}, headers=headers)
            assert (to.status_code, to.headers["location"]) == (303, "/documents")
            assert behind.get("/documents").text == "in"
        (group,) = api.application.groups.all()
        assert (group.group.name, [m.name for m in group.members]) == ("研发", ["li"])
        with interface(api.url, client=(PROXY, 50000)) as behind:
            twice = [("X-Forwarded-User", "root"), *headers]
            assert behind.get("/login", headers=twice).status_code == 401
        with interface(api.url, client=("203.0.113.9", 50000)) as elsewhere:
            spoofed = [*headers[:2], ("X-Forwarded-For", PROXY)]
            assert elsewhere.get("/login", headers=spoofed).status_code == 401
            assert elsewhere.get("/documents").status_code == 303
