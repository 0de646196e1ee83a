"""Signing in by a provider that runs beside the service, in a real browser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.services.people.access import LOCAL_OWNER
from tests.application import RunningApi, running_api
from tests.browser.conftest import free_port
from tests.browser.gestures import blocked_in, open_page, row_of, shoot, shown
from tests.guard.test_interface import interface
from tests.openid import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, running_provider
from tests.passwords import cheap_passwords
from ui.words.texts import words

ZH, EN = words("zh"), words("en")
PASSWORD = "root rides a blue bicycle"
LABEL = "示例公司"


@dataclass(frozen=True, slots=True)
class Sso:
    url: str
    api: RunningApi
    provider: OpenIdProvider


@pytest.fixture(scope="module")
def sso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sso]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running_provider() as provider:
        settings = {
            "auth": "oidc",
            "ui_url": url,
            "oidc_issuer": provider.url,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_label": LABEL,
        }
        folder = tmp_path_factory.mktemp("api")
        with running_api(folder, passwords=cheap_passwords(), **settings) as api:
            _, token = api.application.accounts.create(LOCAL_OWNER, "root", admin=True)
            api.application.links.use(token, PASSWORD)
            api_port = urlsplit(api.url).port
            with interface(tmp_path_factory.mktemp("ui"), ui_port=port, api_port=api_port):
                yield Sso(url, api, provider)


@pytest.fixture
def visit(browser: Browser, sso: Sso) -> Iterator[Callable[..., Page]]:
    """Opens the interface in a browser of somebody's own."""
    contexts: list[BrowserContext] = []
    blocked: list[list[str]] = []

    def opened(locale: str = "zh-CN", width: int = 1280, **more: object) -> Page:
        contexts.append(
            browser.new_context(
                locale=locale,
                timezone_id="Asia/Shanghai",
                viewport={"width": width, "height": 800},
                **more,
            )
        )
        blocked.append(blocked_in(contexts[-1]))
        page = contexts[-1].new_page()
        page.set_default_timeout(90_000)
        page.goto(f"{sso.url}/documents")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not any(blocked)


def test_the_button_leads_there_and_back_to_where_one_wanted(
    sso: Sso, visit: Callable[..., Page]
) -> None:
    sso.provider.person = {
        "sub": "1",
        "preferred_username": "li",
        "name": "李娜",
        "groups": ["法务"],
    }
    page = visit()
    shoot(page, "40-login-by-provider")
    page.get_by_role("link", name=ZH["login.with"].format(provider=LABEL)).click()
    expect(page.locator(".st-key-account")).to_contain_text("李娜")
    expect(page.get_by_role("heading", name=ZH["page.documents"])).to_be_visible()
    assert urlsplit(page.url).path == "/documents"
    assert "code=" not in page.url
    page.get_by_role("button", name=ZH["account.sign_out"]).click()
    expect(shown(page, ZH["login.signed_out"])).to_be_visible()
    page.goto(f"{sso.url}/documents")
    expect(page.get_by_role("heading", name=ZH["login.title"])).to_be_visible()


def test_the_page_reads_well_on_a_phone_in_the_dark(visit: Callable[..., Page]) -> None:
    for locale, said in (("zh-CN", ZH), ("en-GB", EN)):
        page = visit(locale, 390, color_scheme="dark")
        link = page.get_by_role("link", name=said["login.with"].format(provider=LABEL))
        expect(link).to_be_visible()
        shoot(page, f"41-login-by-provider-{locale[:2]}-phone-dark")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_administrator_connects_their_account_and_disconnects_it(
    sso: Sso, visit: Callable[..., Page]
) -> None:
    sso.provider.person = {"sub": "2", "preferred_username": "root", "name": "根"}
    page = visit()
    page.get_by_text(ZH["login.with_password"]).click()
    page.get_by_label(ZH["login.name"]).fill("root")
    page.get_by_label(ZH["login.password"]).fill(PASSWORD)
    page.get_by_role("button", name=ZH["login.submit"], exact=True).click()
    page.locator(".st-key-account button").click()
    page.get_by_role("menuitem", name=ZH["account.identities"]).click()
    connect = ZH["identity.connect"].format(provider=LABEL)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name=connect)).to_be_visible()
    shoot(page, "42-ways-to-sign-in")
    dialog.get_by_role("button", name=connect).click()
    expect(page.get_by_role("heading", name=connect)).to_be_visible()
    page.get_by_label(ZH["login.password"]).fill(PASSWORD)
    shoot(page, "43-connect-confirm")
    page.get_by_role("button", name=ZH["login.continue"]).click()
    go = page.get_by_role("link", name=ZH["login.connect_go"].format(provider=LABEL))
    expect(go).to_be_visible()
    shoot(page, "43-connect")
    go.click()
    expect(page.locator(".st-key-account")).to_contain_text("root")
    identities = sso.api.application.provider_sign_in.identities
    root_id = sso.api.application.accounts.named("root").id
    assert [identity.subject for identity in identities.of(root_id)] == ["2"]

    open_page(page, ZH["page.people"])
    row = row_of(page, "root")
    row.locator('[class*="st-key-menu-"] button:visible').click()
    page.get_by_role("menuitem", name=ZH["people.do_identities"]).click()
    expect(dialog.get_by_text(LABEL)).to_be_visible()
    shoot(page, "44-identities-of-a-person")
    dialog.get_by_role("button", name=ZH["identity.disconnect"]).click()
    expect(dialog.get_by_text(ZH["identity.none"])).to_be_visible()
    assert identities.of(root_id) == []
