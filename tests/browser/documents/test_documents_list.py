"""The list of files in a browser: the same file again, another in its place, several at once."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Interface
from tests.browser.everyone.axe import violations
from tests.browser.gestures import row_of, settle, shoot, shown
from ui.words.texts import words

ZH = words("zh")
INPUT = '[data-testid="stFileUploaderDropzoneInput"]'


def open_base(page: Page, interface: Interface, name: str) -> str:
    """The documents page at a base of its own."""
    base = interface.application.add_base(name)
    page.goto(f"{interface.url}/documents?base={base.id}")
    expect(page.get_by_role("heading", name=ZH["page.documents"])).to_be_visible()
    return base.id


def test_an_unchanged_file_is_said_to_be_one(
    interface: Interface, page: Page, tmp_path: Path
) -> None:
    open_base(page, interface, "再传")
    file = tmp_path / "手册.md"
    file.write_text("年假为每年十五天。", "utf-8")
    page.set_input_files(INPUT, file)
    expect(row_of(page, "手册.md").get_by_text(ZH["state.ready"])).to_be_visible()
    page.set_input_files(INPUT, file)
    said = ZH["upload.unchanged"].format(n=1, names="手册.md")
    expect(shown(page, said)).to_be_visible()
    expect(row_of(page, "手册.md")).to_have_count(1)


def test_a_damaged_file_gets_another_in_its_place(
    interface: Interface, page: Page, tmp_path: Path
) -> None:
    base_id = open_base(page, interface, "替换")
    interface.application.add_document(base_id, "合同.pdf", b"damaged", "failed", "broken")
    page.reload()
    row_of(page, "合同.pdf").get_by_role("button", name=ZH["action.replace"]).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(ZH["problem.broken"])).to_be_visible()
    same, intact = tmp_path / "同.pdf", tmp_path / "另一份.pdf"
    same.write_bytes(b"damaged")
    intact.write_bytes(b"intact")
    dialog.locator(INPUT).set_input_files(same)
    expect(dialog.get_by_text(ZH["replace.same"])).to_be_visible()
    dialog.locator(INPUT).set_input_files(intact)
    expect(dialog).to_have_count(0)
    replaced = row_of(page, "合同.pdf").filter(has_text=ZH["state.ready"])
    expect(replaced).to_be_visible()


def test_several_are_picked_and_removed(interface: Interface, page: Page) -> None:
    base_id = open_base(page, interface, "多选")
    for name in ("甲.md", "乙.md", "丙.md"):
        interface.application.add_document(base_id, name, name.encode(), "ready")
    page.reload()
    page.get_by_text(ZH["documents.pick_all"]).click()
    expect(shown(page, ZH["documents.picked"].format(n=3))).to_be_visible()
    row_of(page, "乙.md").get_by_test_id("stCheckbox").locator("label").click()
    page.get_by_role("button", name=ZH["documents.remove_picked"].format(n=2)).click()
    dialog = page.get_by_role("dialog")
    red = dialog.get_by_role("button", name=ZH["action.remove"])
    expect(red).to_have_css("background-color", "rgb(179, 38, 30)")
    dialog.get_by_role("button", name=ZH["action.cancel"]).click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name=ZH["documents.remove_picked"].format(n=2)).click()
    page.get_by_role("dialog").get_by_role("button", name=ZH["action.remove"]).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row_of(page, "乙.md")).to_be_visible()
    expect(page.locator('[class*="st-key-filerow-"]')).to_have_count(1)


def test_files_are_sorted_and_failed_ones_read_again(interface: Interface, page: Page) -> None:
    base_id = open_base(page, interface, "排序")
    for name, size, state in (("小.md", 1, "ready"), ("大.md", 9, "ready")):
        interface.application.add_document(base_id, name, b"x" * size, state)
    for name in ("一.pdf", "二.pdf"):
        interface.application.add_document(base_id, name, b"xx", "failed", "timeout")
    page.reload()
    rows = page.locator('[class*="st-key-filerow-"]')
    for order, first in (("oldest", "小.md"), ("largest", "大.md")):
        page.get_by_label(ZH["documents.sort"]).click()
        page.get_by_role("option", name=ZH[f"sort.{order}"]).click()
        expect(rows.first).to_contain_text(first)
    page.get_by_text(ZH["documents.pick_all"]).click()
    page.get_by_role("button", name=ZH["documents.retry_picked"].format(n=2)).click()
    expect(rows.filter(has_text=ZH["state.ready"])).to_have_count(4)
    expect(rows.first).to_contain_text("大.md")


def test_what_a_trial_search_finds_opens_by_buttons_with_a_name(
    interface: Interface, page: Page
) -> None:
    page.goto(f"{interface.url}/documents?base={next(iter(interface.application.bases))}")
    page.get_by_text(ZH["trial.title"]).click()
    page.get_by_label(ZH["trial.question"]).fill("年假有几天")
    page.get_by_label(ZH["trial.question"]).press("Enter")
    expect(page.locator(".st-key-found-open-1 button:visible").first).to_be_visible()
    settle(page)
    assert list(violations(page)) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("device", "width"), [("desktop", 1280), ("phone", 390)])
def test_the_page_fits_every_screen(
    interface: Interface, browser: Browser, device: str, width: int, theme: str, language: str
) -> None:
    say, application = words(language), interface.application
    base = application.add_base(f"{device}-{theme}-{language}")
    for name, state, code in (
        (
            "产品价格与售后服务条款（2026 年修订版，含附件一至附件十二，供内部使用）.pdf",
            "ready",
            "",
        ),
        ("Employee handbook.docx", "ready", ""),
        ("damaged.pdf", "failed", "broken"),
        ("slow.pdf", "failed", "timeout"),
    ):
        application.add_document(base.id, name, f"{base.id}{name}".encode(), state, code)
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=theme,  # type: ignore[arg-type]  # one of its literals
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
        timezone_id="Asia/Shanghai",
    )
    page = context.new_page()
    page.goto(f"{interface.url}/documents?base={base.id}")
    expect(row_of(page, "slow.pdf")).to_be_visible()
    row_of(page, "damaged.pdf").get_by_test_id("stCheckbox").locator("label").click()
    row_of(page, "slow.pdf").get_by_test_id("stCheckbox").locator("label").click()
    expect(shown(page, say["documents.picked"].format(n=2))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "scrolls sideways"
    shoot(page, f"40-documents-{device}-{theme}-{language}")
    page.get_by_role("button", name=say["documents.remove_picked"].format(n=2)).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    shoot(page, f"41-remove-{device}-{theme}-{language}")
    context.close()
