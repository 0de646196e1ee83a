"""A phone: 390 px and a finger. The sidebar gives way to what was chosen in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Interface
from tests.browser.gestures import row_of, shoot, wait_for_answer
from tests.ui.conftest import until
from tests.ui.stand_in.service import Application
from ui.words.texts import words

ZH = words("zh")
QUESTION = "年假有多少天？"


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="zh-CN"
    )
    opened = context.new_page()
    opened.set_default_timeout(90_000)
    yield opened
    context.close()


def open_sidebar(page: Page) -> None:
    page.get_by_test_id("stExpandSidebarButton").tap()
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "false")


def expect_closed(page: Page) -> None:
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "true")


def rating_of(application: Application) -> tuple[str, str | None]:
    newest = list(application.messages.values())[-1].feedback
    return (newest.rating, newest.reason) if newest else ("", None)


def test_the_sidebar_closes_once_something_is_chosen(interface: Interface, phone: Page) -> None:
    phone.goto(interface.url)
    field = phone.get_by_test_id("stChatInput").locator("textarea")
    field.fill(QUESTION)
    field.press("Enter")
    wait_for_answer(phone)
    open_sidebar(phone)
    phone.locator(".st-key-pages").get_by_role("link", name="文档").tap()
    expect(phone.get_by_role("heading", name="文档")).to_be_visible()
    expect_closed(phone)
    open_sidebar(phone)
    phone.locator('[class*="st-key-row-"] a').first.tap()
    wait_for_answer(phone)
    expect_closed(phone)
    shoot(phone, "20-phone-conversation")


def test_a_new_chat_is_one_tap_away(interface: Interface, phone: Page) -> None:
    phone.goto(f"{interface.url}/status")
    phone.get_by_test_id("stMain").get_by_role("link", name="新对话").tap()
    expect(phone.get_by_role("heading", name="想了解什么？")).to_be_visible()
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "the page scrolls sideways"
    shoot(phone, "21-phone-new-chat")


def test_an_answer_is_rated_by_touch(interface: Interface, phone: Page) -> None:
    phone.goto(interface.url)
    field = phone.get_by_test_id("stChatInput").locator("textarea")
    field.fill(QUESTION)
    field.press("Enter")
    wait_for_answer(phone)
    thumbs = phone.get_by_test_id("stFeedback").locator("button")
    thumbs.nth(0).tap()
    expect(phone.get_by_text(ZH["feedback.thanks"])).to_be_visible()
    thumbs.nth(1).tap()
    form = phone.get_by_role("dialog")
    expect(form.get_by_text(ZH["feedback.saved_at_once"])).to_be_visible()
    form.get_by_text(ZH["reason.wrong"]).tap()
    until(lambda: rating_of(interface.application) == ("down", "wrong"))


def test_a_file_is_uploaded_by_touch(interface: Interface, phone: Page, tmp_path: Path) -> None:
    base = interface.application.add_base("手机")
    file = tmp_path / "手册.md"
    file.write_text("年假为每年十五天。", "utf-8")
    phone.goto(f"{interface.url}/documents?base={base.id}")
    with phone.expect_file_chooser() as chooser:
        phone.get_by_role("button", name=ZH["upload.choose"]).tap()
    chooser.value.set_files(file)
    expect(row_of(phone, "手册.md").get_by_text(ZH["state.ready"])).to_be_visible()
