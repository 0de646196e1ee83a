"""What is too long for the input is refused in words; what may be too long is counted."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Interface
from tests.browser.gestures import shown
from ui.words.texts import words

ZH = words("zh")
LIMIT = 300


def test_a_long_question_is_counted_while_it_is_typed(interface: Interface, page: Page) -> None:
    interface.application.max_question_tokens = LIMIT
    page.goto(interface.url)
    field = page.get_by_test_id("stChatInput").locator("textarea")
    counter = page.locator(".count[aria-live]")
    field.fill("字" * 300)
    said = ZH["chat.about_tokens"].format(n=200, limit=LIMIT)
    expect(counter).to_have_text(said)
    field.press_sequentially("字" * 3)
    expect(counter).to_have_text(ZH["chat.about_tokens"].format(n=202, limit=LIMIT))
    field.fill("字" * 600)
    over = ZH["chat.about_tokens"].format(n=400, limit=LIMIT)
    expect(counter).to_have_text(f"{over} · {ZH['chat.over_limit']}")
    field.fill("年假有多少天？")
    expect(counter).to_have_text("")


def test_a_paste_that_does_not_fit_is_said(interface: Interface, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(interface.url)
    field = page.get_by_test_id("stChatInput").locator("textarea")
    expect(field).to_be_focused()  # without a click
    page.evaluate("navigator.clipboard.writeText('长'.repeat(9000))")
    field.press("Control+v")
    expect(shown(page, "未粘贴：共 9,000 个字符，上限为 8,000 个")).to_be_visible()
    field.fill("年假")
    expect(page.get_by_text("未粘贴")).to_have_count(0)


def test_a_question_that_is_refused_stands_in_the_input_again(
    interface: Interface, page: Page
) -> None:
    interface.application.max_question_chars = 3
    page.goto(interface.url)
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill("年假有多少天？")
    field.press("Enter")
    expect(shown(page, "问题未发送")).to_be_visible()
    expect(field).to_have_value("年假有多少天？")
