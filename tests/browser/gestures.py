"""What a person does in the browser, and what they wait for."""

import os
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

SHOTS = Path(os.environ.get("ZHIWEN_SCREENSHOTS", "build/screenshots"))
PATIENCE_MS = 180_000  # a small model on two cores takes its time
_CLICKS, _PAGE_DRAWN_MS = 3, 10_000


def shoot(page: Page, name: str) -> None:
    """A picture to be looked at, of a page that has come to rest."""
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", animations="disabled")


def blocked_in(context: BrowserContext) -> list[str]:
    """What the content policy keeps the pages of a context from doing, as the console says it."""
    blocked: list[str] = []

    def note(text: str) -> None:
        if "Content Security Policy" in text:
            blocked.append(text)

    context.on("console", lambda message: note(message.text))
    return blocked


def settle(page: Page) -> None:
    """Waits until the page is drawn, looking at each frame: `expect` waits up to a second more."""
    page.wait_for_function(
        """() => !document.querySelector(
        '[data-testid="stSkeleton"], [data-stale="true"],'
        + '[data-testid="stApp"][data-test-script-state="running"]')"""
    )


def shown(page: Page, text: str, *, exact: bool = False) -> Locator:
    """That text, not counting what Streamlit keeps of the last drawing while it draws anew: for a
    moment both may be there."""
    return page.get_by_text(text, exact=exact).and_(page.locator(':not([data-stale="true"] *)'))


def open_page(page: Page, name: str) -> None:
    page.locator(".st-key-pages").get_by_role("link", name=name).click()


def upload(page: Page, base_name: str, *files: Path) -> None:
    """Into a base of their own, all at once."""
    open_page(page, "文档")
    page.get_by_role("button", name="新建", exact=True).click()
    page.get_by_label("名称").fill(base_name)
    page.get_by_role("dialog").get_by_role("button", name="新建知识库").click()
    expect(shown(page, "这个知识库还是空的")).to_be_visible()
    page.set_input_files('[data-testid="stFileUploaderDropzoneInput"]', files)


def row_of(page: Page, name: str) -> Locator:
    """The row of that file in the list of documents."""
    return page.locator('[class*="st-key-filerow-"]').filter(has_text=name)


def ask(page: Page, question: str) -> None:
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill(question)
    field.press("Enter")
    expect(page.get_by_role("button", name="停止生成")).to_be_visible()


def wait_for_answer(page: Page) -> None:
    expect(page.get_by_test_id("stFeedback")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("stChatInput")).to_be_visible()


def download(page: Page, name: str) -> str:
    """The text of a file that is downloaded. A click in the moment in which the page is drawn anew
    is lost, so a person clicks again."""
    for _ in range(_CLICKS - 1):
        with suppress(PlaywrightTimeout):
            return _downloaded(page, name, _PAGE_DRAWN_MS)
    return _downloaded(page, name, PATIENCE_MS)


def _downloaded(page: Page, name: str, timeout_ms: int) -> str:
    with page.expect_download(timeout=timeout_ms) as found:
        page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).click()
    return Path(found.value.path()).read_text("utf-8")
