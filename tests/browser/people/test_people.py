"""Three people in three browsers, with the whole API: shared, asked, restricted, signed out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.llm.scripted import ScriptedChatModel
from app.services.people.access import LOCAL_OWNER
from tests.application import RunningApi, drain, running_api
from tests.browser.gestures import blocked_in, open_page, row_of, shoot, shown, wait_for_answer
from tests.guard.handshake import handshake
from tests.guard.test_interface import interface
from tests.passwords import cheap_passwords
from ui.client.visitor import SESSION_COOKIE
from ui.words.texts import words

ZH = words("zh")
BASE, OPEN, CLOSED = "规章制度", "差旅制度.md", "薪酬方案.md"
TEXTS = {
    OPEN: "# 差旅制度\n\n出差住宿标准为每晚四百五十元，超出部分由本人承担。\n",
    CLOSED: "# 薪酬方案\n\n总监的年终奖为十二个月工资，方案只限人事部门查阅。\n",
}
QUESTION = "出差住宿标准是多少？"
PASSWORDS = {name: f"{name} rides a blue bicycle" for name in ("li", "wang", "chen")}


@dataclass(frozen=True, slots=True)
class House:
    url: str
    api: RunningApi
    model: ScriptedChatModel
    files: Path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Everybody has followed their link; nothing has been uploaded."""
    model, files = ScriptedChatModel(), tmp_path_factory.mktemp("files")
    for name, text in TEXTS.items():
        (files / name).write_text(text, "utf-8")
    folder = tmp_path_factory.mktemp("api")
    with running_api(folder, model=model, auth="password", passwords=cheap_passwords()) as api:
        for name, password in PASSWORDS.items():
            accounts = api.application.accounts
            _, token = accounts.create(LOCAL_OWNER, name, admin=name == "li")
            api.application.links.use(token, password)
        port = urlsplit(api.url).port
        with interface(tmp_path_factory.mktemp("ui"), api_port=port) as url:
            yield House(url, api, model, files)


@pytest.fixture
def enter(browser: Browser, house: House) -> Iterator[Callable[[str], Page]]:
    """Opens a browser of their own for somebody and signs them in."""
    contexts: list[BrowserContext] = []
    blocked: list[list[str]] = []

    def signed_in(name: str) -> Page:
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        contexts.append(context)
        blocked.append(blocked_in(context))
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.goto(house.url)
        sign_in(page, name)
        expect(page.locator(".st-key-account")).to_contain_text(name)
        return page

    yield signed_in
    for context in contexts:
        context.close()
    assert not any(blocked)


def sign_in(page: Page, name: str) -> None:
    page.get_by_label(ZH["login.name"]).fill(name)
    page.get_by_label(ZH["login.password"]).fill(PASSWORDS[name])
    page.get_by_role("button", name=ZH["login.submit"]).click()


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("dialog").get_by_label(label).click()
    page.get_by_role("option", name=option).click()


def first_upload(page: Page, *files: Path) -> None:
    """By somebody who has no base yet."""
    open_page(page, ZH["page.documents"])
    page.get_by_role("button", name=ZH["documents.create"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(ZH["documents.name"]).fill(BASE)
    dialog.get_by_role("button", name=ZH["documents.create"]).click()
    expect(shown(page, ZH["documents.empty"])).to_be_visible()
    page.set_input_files('[data-testid="stFileUploaderDropzoneInput"]', files)


def share(page: Page, name: str) -> None:
    page.locator(".st-key-base-menu button").click()
    page.get_by_role("menuitem", name=ZH["action.share"], exact=True).click()
    dialog = page.get_by_role("dialog")
    choose(page, ZH["share.with"], name)
    dialog.get_by_role("button", name=ZH["share.add"], exact=True).click()
    expect(dialog.locator('[class*="st-key-grant-person-"]')).to_contain_text(name)


def test_one_shares_one_asks_one_sees_nothing(house: House, enter: Callable[[str], Page]) -> None:
    wang, chen = enter("wang"), enter("chen")
    first_upload(wang, *(house.files / name for name in TEXTS))
    expect(row_of(wang, OPEN)).to_be_visible()
    drain(house.api.application)
    for name in TEXTS:
        expect(row_of(wang, name).get_by_text(ZH["state.ready"])).to_be_visible()
    share(wang, "li")
    shoot(wang, "30-shared")

    li = enter("li")
    house.model.enqueue("出差住宿标准为每晚四百五十元 [1]。")
    field = li.get_by_test_id("stChatInput").locator("textarea")
    field.fill(QUESTION)
    field.press("Enter")
    wait_for_answer(li)
    conversation = urlsplit(li.url).query
    li.locator('[class*="st-key-chip-"] button:visible').first.click()
    expect(li.locator(".zw-source mark.cited")).to_contain_text("每晚四百五十元")
    shoot(li, "31-cited-answer")

    li.goto(f"{house.url}/documents")
    expect(row_of(li, OPEN)).to_be_visible()
    expect(li.get_by_test_id("stFileUploader")).to_have_count(0)
    expect(li.locator('[class*="st-key-remove-"]')).to_have_count(0)
    expect(li.locator(".st-key-base-menu")).to_have_count(0)

    open_page(chen, ZH["page.documents"])
    expect(chen.get_by_text(ZH["documents.no_base"])).to_be_visible()
    assert BASE not in chen.content()
    chen.goto(f"{house.url}/?{conversation}")
    expect(chen.get_by_text(ZH["sidebar.none"])).to_be_visible()


def test_a_restricted_document_is_gone_for_readers(
    house: House, enter: Callable[[str], Page]
) -> None:
    wang, li = enter("wang"), enter("li")
    for page in (wang, li):
        open_page(page, ZH["page.documents"])
        expect(row_of(page, CLOSED)).to_be_visible()
    row_of(wang, CLOSED).locator('[class*="st-key-restrict-"] button:visible').click()
    wang.get_by_role("dialog").get_by_role("button", name=ZH["restrict.save"]).click()
    expect(wang.get_by_role("dialog").get_by_text(ZH["restrict.nobody"]).last).to_be_visible()
    shoot(wang, "32-restricted")
    li.reload()
    expect(row_of(li, OPEN)).to_be_visible()
    expect(row_of(li, CLOSED)).to_have_count(0)


def test_signing_out_ends_it_in_every_tab(house: House, enter: Callable[[str], Page]) -> None:
    page = enter("chen")
    (cookie,) = [c for c in page.context.cookies() if c["name"] == SESSION_COOKIE]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert SESSION_COOKIE not in page.evaluate("document.cookie")
    other = page.context.new_page()
    other.goto(f"{house.url}/status")
    expect(other.get_by_role("heading", name=ZH["page.status"])).to_be_visible()

    page.get_by_role("button", name=ZH["account.sign_out"]).click()
    expect(shown(page, ZH["login.signed_out"])).to_be_visible()
    # The other tab asks for the status every few seconds.
    expect(other.get_by_text(ZH["session.ended"], exact=True).first).to_be_visible()
    expect(other.get_by_test_id("stException")).to_have_count(0)
    shoot(other, "33-signed-out-elsewhere")
    other.get_by_role("button", name=ZH["session.again"]).first.click()
    sign_in(other, "chen")
    expect(other.get_by_role("heading", name=ZH["page.status"])).to_be_visible()
    page.goto(house.url)
    expect(page.get_by_test_id("stSidebar")).to_be_visible()


def test_without_a_cookie_nothing_opens(house: House) -> None:
    assert handshake(house.url, host=urlsplit(house.url).netloc) in {401, 403}
    with httpx.Client(base_url=house.url, trust_env=False) as http:
        assert http.get("/", headers={"accept": "text/html"}).status_code == 303
        assert http.get("/media/x").status_code == 401
        assert http.get("/zhiwen/pages/0123abcd/1").status_code == 401
