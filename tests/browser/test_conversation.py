"""In a browser: search while typing, a question that is suggested, a conversation as a file."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Interface
from tests.browser.gestures import shoot, shown, wait_for_answer
from ui.words.texts import words

ZH = words("zh")


def ask(page: Page, question: str) -> None:
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill(question)
    field.press("Enter")
    wait_for_answer(page)


def with_headings(interface: Interface) -> None:
    """The stand-in's passages have none."""
    for message in interface.application.messages.values():
        for passage, heading in zip(
            message.passages, ("病假与医疗期", "Parental leave", "加班与调休", "", ""), strict=False
        ):
            passage.headings = [heading] if heading else []


def test_conversations_are_found_while_typing(interface: Interface, page: Page) -> None:
    for question in ("年假多少天？", "差旅费怎么报销？"):
        page.goto(interface.url)
        ask(page, question)
    rows = page.locator('[class*="st-key-row-"] a')
    expect(rows.filter(has_text="年假")).to_have_count(1)
    page.get_by_label(ZH["sidebar.search"]).press_sequentially("差旅")  # and no Enter
    expect(rows.filter(has_text="年假")).to_have_count(0)
    expect(rows.filter(has_text="差旅")).to_have_count(1)


def test_a_suggestion_asks_and_the_conversation_is_downloaded(
    interface: Interface, page: Page
) -> None:
    page.goto(interface.url)
    ask(page, "年假有多少天？")
    with_headings(interface)
    page.reload()
    question = ZH["suggest.more"].format(heading="病假与医疗期")
    page.get_by_role("button", name=question).click()
    expect(page.locator('[class*="st-key-asked-"]').filter(has_text=question)).to_be_visible()
    expect(page.get_by_test_id("stFeedback")).to_have_count(2)
    with page.expect_download() as found:
        page.get_by_role("button", name=ZH["transcript.download"]).click()
    assert found.value.suggested_filename == "年假有多少天？.md"
    text = Path(found.value.path()).read_text("utf-8")
    assert f"## {question}" in text and f"**{ZH['transcript.sources']}**" in text


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("device", "width"), [("desktop", 1280), ("phone", 390)])
def test_the_end_of_a_conversation_fits_every_screen(
    interface: Interface, browser: Browser, device: str, width: int, theme: str, language: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=theme,  # type: ignore[arg-type]  # one of its literals
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
    )
    page = context.new_page()
    page.goto(interface.url)
    ask(page, "年假多少天？")
    with_headings(interface)
    page.reload()
    expect(shown(page, words(language)["suggest.title"])).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "scrolls sideways"
    shoot(page, f"42-conversation-{device}-{theme}-{language}")
    context.close()
