"""Zhiwen without a mouse: choose a base, ask, open a source, rate, delete a file."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.everyone.house import ADMIN, BASE, House, entered
from tests.browser.gestures import row_of, settle, shown, wait_for_answer
from ui.words.texts import words

ZH = words("zh")
SPARE = "作废.md"
_STOPS = 60


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    opened = entered(browser, house, ADMIN)
    yield opened
    opened.context.close()


def reach(page: Page, wanted: Locator, key: str = "Tab", stops: int = _STOPS) -> None:
    """Presses `key` until the element has the focus, and sees that it shows."""
    for _ in range(stops):
        page.keyboard.press(key)
        if wanted.evaluate("e => e === document.activeElement"):
            return
    pytest.fail(f"{wanted} is not reached in {stops} stops")


def field(page: Page) -> Locator:
    """The first: while the page is drawn anew, the one of before may still be there."""
    return page.get_by_test_id("stChatInput").locator("textarea").first


def test_the_question_is_where_one_types_first(page: Page, house: House) -> None:
    expect(field(page)).to_be_focused()
    page.goto(f"{house.url}/status")
    expect(page.get_by_role("heading", name=ZH["page.status"])).to_be_visible()
    page.goto(house.url)
    expect(field(page)).to_be_focused()
    field(page).evaluate("e => e.blur()")
    page.get_by_test_id("stApp").evaluate("e => { e.tabIndex = -1; e.focus(); }")
    reach(page, page.locator('a[href="#stMain"]'), stops=4)
    page.keyboard.press("Enter")  # skips what is on every page
    expect(field(page)).to_be_focused()


def test_links_to_pages_show_the_focus(page: Page) -> None:
    expect(field(page)).to_be_focused()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its literals
        link = page.locator(".st-key-pages a").nth(1)
        reach(page, link, "Shift+Tab")
        assert link.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
        field(page).focus()


def test_from_a_question_to_a_deleted_file_by_keys(page: Page, house: House) -> None:
    house.api.ingest(BASE, {SPARE: "# 作废\n\n这份文件不再需要。\n"})
    expect(field(page)).to_be_focused()

    reach(page, page.locator(".st-key-picker button:visible").first, "Shift+Tab")
    page.keyboard.press("Enter")
    pill = page.get_by_test_id("stPopoverBody").get_by_role("button", name=BASE)
    expect(pill).to_be_visible()
    settle(page)
    for hint in ("chat.choose_base", "chat.placeholder"):
        reach(page, pill)
        page.keyboard.press("Space")
        expect(field(page)).to_have_attribute("placeholder", ZH[hint])
        settle(page)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)

    reach(page, field(page))
    page.keyboard.type("出差住宿标准是多少？")
    page.keyboard.press("Enter")
    wait_for_answer(page)

    chip = page.locator('[class*="st-key-chip-"] button:visible').first
    reach(page, chip, "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".zw-source mark").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    thumbs = page.get_by_test_id("stFeedback").get_by_role("radio")
    reach(page, thumbs.first)
    page.keyboard.press("Space")
    expect(shown(page, ZH["feedback.thanks"])).to_be_visible()

    reach(page, page.locator(".st-key-pages a", has_text=ZH["page.documents"]), "Shift+Tab")
    page.keyboard.press("Enter")
    row = row_of(page, SPARE)
    expect(row).to_be_visible()
    reach(page, row.locator('[class*="st-key-remove-"] button:visible'))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    reach(page, dialog.get_by_role("button", name=ZH["action.remove"]))
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(row).to_have_count(0)
