"""Signing in by a provider and by a proxy, through the interface and the whole API."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from app.db.tables import PersonIdentity, utc_now
from app.services.people.access import LOCAL_OWNER
from tests.application import RunningApi, running_api
from tests.company_apps import APP_SECRET
from tests.openid import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, running_provider
from tests.passwords import cheap_passwords
from tests.ui.pages import said
from tests.ui.people.pages import dialog, page_of, press
from tests.ui.people.test_sign_in import PASSWORD, ZH, interface

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
    ("kind", "zh", "en"), [("feishu", "飞书", "Feishu"), ("wecom", "企业微信", "WeCom")]
)
def test_a_provider_is_called_what_it_is_called_in_the_language(
    tmp_path: Path, kind: str, zh: str, en: str
) -> None:
    settings = {
        "sso_app_id": "a",
        "sso_app_secret": APP_SECRET,
        "sso_company_id": "c",
        "sso_agent_id": "1",
    }
    with running_api(tmp_path, auth=kind, **settings) as api, interface(api.url) as browser:
        page = browser.get("/login").text
        assert f"使用 {zh} 登录" in page
        assert "<details>" in page, "the password is the way back in"
        assert f"Sign in with {en}" in browser.get("/login", params={"lang": "en"}).text
        assert browser.get(f"/login/{kind}").headers["location"].startswith("https://")


@pytest.mark.parametrize(
    ("fault", "said"), [("key", "login.provider_refused"), ("down", "login.provider_unavailable")]
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


def test_an_account_is_connected_from_a_page_of_ours(
    api: RunningApi, provider: OpenIdProvider
) -> None:
    """A browser follows no redirect of a form to another site, so a page leads there."""
    _, token = api.application.accounts.create(LOCAL_OWNER, "root", admin=True)
    with interface(api.url) as browser:
        assert browser.post("/login/oidc/connect").headers["location"] == "/login"
        form = {"token": token, "password": PASSWORD, "again": PASSWORD}
        assert browser.post("/welcome", data=form).status_code == 303
        assert browser.get("/login/oidc/connect").status_code == 405, "nobody gets here by a link"
        asked = browser.post("/login/oidc/connect", data={"lang": "zh"})
        assert "hreflang" not in asked.text, "there is no address of it in another language"
        assert (asked.status_code, provider.url in asked.text) == (200, False)
        assert ZH["login.confirm_what"].format(name="root") in asked.text
        assert ZH["login.wrong_password"] not in asked.text
        form = {"lang": "zh", "password": "a guess at it"}
        guessed = browser.post("/login/oidc/connect", data=form)
        assert (guessed.status_code, provider.url in guessed.text) == (422, False)
        assert ZH["login.wrong_password"] in guessed.text
        page = browser.post("/login/oidc/connect", data={**form, "password": PASSWORD})
        assert ZH["login.connect_title"].format(provider="示例公司") in page.text
        there = unescape(re.findall(rf'href="({provider.url}/authorize[^"]+)"', page.text)[0])
        params = provider.sign_in(there)
        back = browser.get("/login/oidc/callback", params=params)
        assert (back.status_code, back.headers["location"]) == (303, "/")
        (identity,) = api.application.provider_sign_in.identities.of(
            api.application.accounts.named("root").id
        )
        assert identity.subject == "1"
        again = browser.get("/login/oidc/callback", params=params)
        assert ZH["login.not_connected"] in again.text
        assert browser.get("/documents").text == "in", "one stays signed in"


def test_who_has_no_password_signs_in_again_to_connect(
    api: RunningApi, provider: OpenIdProvider
) -> None:
    with interface(api.url) as browser:
        params = provider.sign_in(browser.get("/login/oidc").headers["location"])
        browser.get("/login/oidc/callback", params=params)
        page = browser.post("/login/oidc/connect", data={"lang": "zh"})
        assert ZH["login.connect_go"].format(provider="示例公司") in page.text
        with api.application.db.write() as session:
            for opened in api.application.sessions.of(api.application.accounts.named("li").id):
                opened.created_at = utc_now() - timedelta(minutes=11)
                session.merge(opened)
        page = browser.post("/login/oidc/connect", data={"lang": "zh"})
        assert (page.status_code, ZH["login.sign_in_again"] in page.text) == (403, True)
        assert 'href="/login/oidc"' in page.text


def test_an_identity_of_a_former_provider_is_not_called_by_the_present_ones_name(
    api: RunningApi, provider: OpenIdProvider
) -> None:
    with interface(api.url) as browser:
        there = browser.get("/login/oidc").headers["location"]
        browser.get("/login/oidc/callback", params=provider.sign_in(there))
        li = api.application.accounts.named("li").id
        with api.application.db.write() as session:
            for issuer in ("https://old.example.com", "feishu:t-1"):
                session.add(PersonIdentity(issuer=issuer, subject="li-1", person_id=li))
        at = dialog(page_of(api.url, browser.cookies["zhiwen_session"]), "my_identities")
    names = [each.value for each in at.markdown if each.value.startswith("**")]
    assert names.count("**示例公司**") == 1
    assert f"**{ZH['provider.feishu']}**" in names
    assert "**https://old" in said(at).replace("\\", "")
    former = [each.value for each in at.caption if ZH["identity.former"] in each.value]
    assert len(former) == 2


def test_a_way_to_sign_in_is_disconnected_in_the_dialog(
    api: RunningApi, provider: OpenIdProvider
) -> None:
    with interface(api.url) as browser:
        for connects in (False, True):
            if connects:
                page = browser.post("/login/oidc/connect")
                there = unescape(re.findall(rf'href="({provider.url}[^"]+)"', page.text)[0])
                provider.person = {**provider.person, "sub": "2"}
            else:
                there = browser.get("/login/oidc").headers["location"]
            browser.get("/login/oidc/callback", params=provider.sign_in(there))
        at = dialog(page_of(api.url, browser.cookies["zhiwen_session"]), "my_identities")
    li = api.application.accounts.named("li").id
    identities = api.application.provider_sign_in.identities
    assert [each.subject for each in identities.of(li)] == ["1", "2"]
    assert ZH["identity.disconnect_mine"] in said(at)
    press(at, ZH["identity.disconnect"])
    assert [each.subject for each in identities.of(li)] == ["2"]
    press(at, ZH["identity.disconnect"])
    assert ZH["refusal.last_identity"] in said(at)
    assert [each.subject for each in identities.of(li)] == ["2"]


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
