"""What is too long for the input is refused in words."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Interface


def test_a_paste_that_does_not_fit_is_said(interface: Interface, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(interface.url)
    field = page.get_by_test_id("stChatInput").locator("textarea")
    expect(field).to_be_focused()  # without a click
    page.evaluate("navigator.clipboard.writeText('长'.repeat(9000))")
    field.press("Control+v")
    expect(page.get_by_text("未粘贴：共 9,000 个字符，上限为 8,000 个")).to_be_visible()
    field.fill("年假")
    expect(page.get_by_text("未粘贴")).to_have_count(0)
