"""What Streamlit would say in English only, or not at all."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Interface


def test_an_address_without_a_page_says_so(interface: Interface, page: Page) -> None:
    page.goto(f"{interface.url}/nowhere")
    expect(page.get_by_role("heading", name="没有这个页面")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    links = page.get_by_test_id("stMain").get_by_role("link", name="对话")
    links.filter(visible=True).last.click()  # a page drawn anew has hidden ones for a moment
    expect(page.get_by_role("heading", name="想了解什么？")).to_be_visible()


def test_buttons_of_an_icon_alone_have_names(interface: Interface, page: Page) -> None:
    page.goto(f"{interface.url}/documents")
    for name in ("总结这个文件", "查看提取的文本", "移除", "更多操作"):
        button = page.get_by_role("button", name=name).first
        expect(button).to_be_visible()
        box = button.bounding_box()
        assert box is not None
        assert box["width"] < 60, "the words are not for the eye"


def test_the_page_names_its_language(interface: Interface, page: Page) -> None:
    page.goto(interface.url)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_an_empty_date_hints_in_the_language_of_the_page(interface: Interface, page: Page) -> None:
    page.goto(f"{interface.url}/review")
    page.get_by_role("tab", name="导出训练数据").click()
    parts = page.get_by_role("spinbutton")
    expect(parts.first).to_be_visible()
    shown = parts.evaluate_all("all => all.map(e => getComputedStyle(e, '::after').content)")
    assert shown == ['"年"', '"月"', '"日"'] * 2


def test_a_label_that_changes_is_said_anew_and_others_stay(
    interface: Interface, page: Page
) -> None:
    """Streamlit keeps the element: "Show password" becomes "Hide password"."""
    page.goto(interface.url)
    expect(page.get_by_role("heading", name="想了解什么？")).to_be_visible()
    page.evaluate(
        "for (const label of ['Show password', 'constructor', 'Remove valueOf']) {"
        " const button = document.body.appendChild(document.createElement('button'));"
        " button.setAttribute('aria-label', label); }"
    )
    button = page.locator("body > button")
    expect(button.nth(0)).to_have_attribute("aria-label", "显示密码")
    button.nth(0).evaluate("button => button.setAttribute('aria-label', 'Hide password')")
    expect(button.nth(0)).to_have_attribute("aria-label", "隐藏密码")
    expect(button.nth(1)).to_have_attribute("aria-label", "constructor")
    expect(button.nth(2)).to_have_attribute("aria-label", "移除 valueOf")
    page.get_by_role("button", name="English", exact=True).click()
    expect(button.nth(0)).to_have_attribute("aria-label", "Hide password")
