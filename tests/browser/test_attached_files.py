"""In a browser: a file attached to a conversation, asked about, kept; files that are moved."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Interface, RunningZhiwen
from tests.browser.documents.test_documents_list import open_base
from tests.browser.gestures import PATIENCE_MS, row_of, shoot, shown
from ui.words.texts import words

ZH, EN = words("zh"), words("en")
RULES = "# 云杉仓库值班规定\n\n冷库温度过高时，应立即通知设备科，电话是内线 4417。\n"
ATTACH = '[data-testid="stChatInputFileUploadButton"] input'


def attach(page: Page, file: Path, question: str) -> None:
    page.set_input_files(ATTACH, file)
    expect(page.get_by_test_id("stFileChip")).to_have_count(1)
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill(question)
    expect(page.get_by_test_id("stChatInputSubmitButton")).to_be_enabled()  # the file is uploaded
    field.press("Enter")


def test_an_attached_file_answers_its_conversation_alone(
    running_zhiwen: RunningZhiwen, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "值班规定.md"
    file.write_text(RULES, "utf-8")
    page.goto(running_zhiwen.ui_url)
    attach(page, file, "设备科的内线电话是多少？")
    expect(page.get_by_test_id("stFeedback")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator('[class*="st-key-chip-"]').first).to_contain_text("值班规定")
    expect(page.locator('[class*="st-key-answer-"]').first).to_contain_text("4417")
    expect(page.locator(".st-key-attached")).to_contain_text(file.name)
    page.reload()
    expect(page.locator(".st-key-attached")).to_contain_text(file.name)
    shoot(page, "attached-answer")
    page.get_by_role("link", name=ZH["sidebar.new"]).first.click()
    expect(page.locator(".st-key-attached")).to_have_count(0)


def test_an_attached_file_is_kept_in_a_base(
    interface: Interface, page: Page, tmp_path: Path
) -> None:
    base = interface.application.add_base("值班")
    file = tmp_path / "规定.md"
    file.write_text(RULES, "utf-8")
    page.goto(interface.url)
    attach(page, file, "电话是多少？")
    expect(page.get_by_test_id("stFeedback")).to_be_visible()
    page.get_by_role("button", name=ZH["attached.keep"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(ZH["move.to"]).click()
    page.get_by_role("option", name="值班").click()
    shoot(page, "attached-keep")
    dialog.get_by_role("button", name=ZH["action.keep"]).click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".st-key-attached")).to_contain_text(file.name)
    page.goto(f"{interface.url}/documents?base={base.id}")
    expect(row_of(page, file.name)).to_have_count(1)


def test_an_attached_file_is_taken_off(interface: Interface, page: Page, tmp_path: Path) -> None:
    file = tmp_path / "规定.md"
    file.write_text(RULES, "utf-8")
    page.goto(interface.url)
    page.set_input_files(ATTACH, file)
    page.get_by_test_id("stChatInputSubmitButton").click()
    page.get_by_role("button", name=ZH["upload.close"]).click()
    expect(page.locator(".st-key-attached")).to_contain_text(file.name)
    page.get_by_role("button", name=ZH["attached.remove"].format(name="规定.md")).click()
    expect(page.locator(".st-key-attached")).to_have_count(0)


def test_a_question_is_not_lost_with_a_file_that_is_refused(
    interface: Interface, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "program.exe"
    file.write_bytes(b"MZ")
    page.goto(interface.url)
    attach(page, file, "电话是多少？")
    expect(shown(page, ZH["upload.none"])).to_be_visible()
    expect(page.get_by_test_id("stMain").get_by_text("电话是多少？")).to_be_visible()
    expect(page.get_by_test_id("stFeedback")).to_have_count(0)


def test_picked_files_are_moved(interface: Interface, page: Page) -> None:
    base_id = open_base(page, interface, "旧库")
    there = interface.application.add_base("新库")
    for name in ("甲.md", "乙.md", "丙.md"):
        interface.application.add_document(base_id, name, name.encode(), "ready")
    page.reload()
    for name in ("甲.md", "丙.md"):
        row_of(page, name).get_by_test_id("stCheckbox").locator("label").click()
    page.get_by_role("button", name=ZH["documents.move_picked"].format(n=2)).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(ZH["move.to"]).click()
    page.get_by_role("option", name="新库").click()
    shoot(page, "move-files")
    dialog.get_by_role("button", name=ZH["action.move"]).click()
    expect(dialog).to_have_count(0)
    expect(row_of(page, "甲.md")).to_have_count(0)
    expect(row_of(page, "乙.md")).to_have_count(1)
    page.goto(f"{interface.url}/documents?base={there.id}")
    expect(row_of(page, "丙.md")).to_have_count(1)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_in_the_dark(
    interface: Interface, browser: Browser, tmp_path: Path, language: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, color_scheme="dark", locale=language
    )
    page = context.new_page()
    file = tmp_path / "a name so long that a phone cannot show it in one line of text.md"
    file.write_text(RULES, "utf-8")
    page.goto(f"{interface.url}/?lang={language}")
    attach(page, file, "电话是多少？")
    expect(page.get_by_test_id("stFeedback")).to_be_visible()
    keep = page.get_by_role("button", name=words(language)["attached.keep"])
    expect(keep).to_be_in_viewport()
    shoot(page, f"attached-phone-{language}")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    context.close()
