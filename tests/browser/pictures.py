"""Takes the pictures of the documentation anew, from the real interface with the real models.

python -m tests.browser.pictures        writes docs/images/first-steps; a few minutes
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, BROWSERS, zhiwen_up
from tests.browser.gestures import open_page, row_of, shown
from tests.weights import CHAT_MODEL
from ui.words.texts import words

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "images" / "first-steps"
HANDBOOK = ROOT / "docs" / "examples" / "handbook"
_PATIENCE_MS = 180_000


@dataclass(frozen=True, slots=True)
class Story:
    """What a person does in one language."""

    language: str  # of `ui/words`
    locale: str
    question: str
    base: str
    correction: str


STORIES = [
    Story(
        "en", "en-GB", "How long are backups kept?", "Handbooks", "Backups are kept for 35 days."
    ),
    Story("zh", "zh-CN", "年终奖什么时候发放？", "规章制度", "次年 1 月随工资发放。"),
]


def tell(page: Page, story: Story, url: str) -> None:
    """Seven pictures: start, answer, source, rating, a question in other words, documents, and a
    file that is attached."""
    say = words(story.language)
    page.goto(url)
    expect(page.get_by_test_id("stChatInput")).to_be_visible()
    expect(shown(page, say["welcome.title"])).to_be_visible()
    _shoot(page, story, "1-start")

    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill(story.question)
    field.press("Enter")
    expect(page.get_by_test_id("stFeedback")).to_be_visible(timeout=_PATIENCE_MS)
    _shoot(page, story, "2-answer")

    page.locator('[class*="st-key-chip-"] button:visible').first.click()
    expect(page.locator(".zw-source mark").first).to_be_visible()
    _shoot(page, story, "3-source")
    page.get_by_role("dialog").get_by_role("button", name=say["label.close"]).click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.get_by_test_id("stFeedback").locator("button").nth(1).click()
    form = page.get_by_role("dialog")
    form.get_by_text(say["reason.wrong"], exact=True).click()
    form.get_by_label(say["feedback.correction"]).fill(story.correction)
    _shoot(page, story, "5-rating")
    form.get_by_role("button", name=say["feedback.done"]).click()
    expect(form).to_have_count(0)

    page.locator('[class*="st-key-asked-"]').first.hover()
    page.get_by_role("button", name=say["question.edit"]).first.click()
    expect(page.get_by_role("button", name=say["action.cancel"], exact=True)).to_be_visible()
    _shoot(page, story, "7-edit")

    open_page(page, say["page.documents"])
    page.get_by_role("button", name=say["documents.new"], exact=True).click()
    form = page.get_by_role("dialog")
    form.get_by_label(say["documents.name"]).fill(story.base)
    form.get_by_role("button", name=say["documents.create"]).click()
    expect(shown(page, say["documents.empty"])).to_be_visible()
    files = sorted(HANDBOOK.iterdir())
    page.set_input_files('[data-testid="stFileUploaderDropzoneInput"]', files)
    for file in files:
        ready = row_of(page, file.name).get_by_text(say["state.ready"])
        expect(ready).to_be_visible(timeout=_PATIENCE_MS)
    _shoot(page, story, "4-documents")

    page.locator(".st-key-new").get_by_role("link").click()
    page.set_input_files('[data-testid="stChatInputFileUploadButton"] input', files[0])
    expect(page.get_by_test_id("stFileChip")).to_have_count(1)
    page.get_by_test_id("stChatInputSubmitButton").click()
    said = page.get_by_text(say["upload.now_ask"])
    expect(said).to_be_visible(timeout=_PATIENCE_MS)
    page.locator(".st-key-waiting-close button").click()
    expect(page.locator(".st-key-attached")).to_contain_text(files[0].name)
    _shoot(page, story, "6-attached")


def _shoot(page: Page, story: Story, name: str) -> None:
    for busy in (page.get_by_test_id("stSkeleton"), page.get_by_test_id("stToast")):
        expect(busy).to_have_count(0)
    expect(page.locator('[data-stale="true"]')).to_have_count(0)
    path = FOLDER / f"{story.language}-{name}.png"
    page.screenshot(path=path, animations="disabled")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    chromium = next(found for name in BROWSERS if (found := shutil.which(name)))
    expect.set_options(timeout=60_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        zhiwen_up(Path(folder), 280, CHAT_MODEL=CHAT_MODEL) as running,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for story in STORIES:
            context = browser.new_context(
                viewport={"width": 1100, "height": 680}, locale=story.locale
            )
            tell(context.new_page(), story, running.ui_url)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
