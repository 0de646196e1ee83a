"""A file of each format and two broken ones, dropped into the browser at once."""

import io
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningZhiwen
from tests.browser.gestures import (
    PATIENCE_MS,
    ask,
    open_page,
    row_of,
    settle,
    shoot,
    shown,
    upload,
    wait_for_answer,
)
from tests.fuzz.corpus import corpus
from tests.ingest.files import encrypted, pdf_file, word_file
from tests.ingest.pictures import drawn

SCAN = "搬迁通知.pdf"
SCANNED_PAGES = (
    ["云杉仓库搬迁通知", "一、搬迁从三月十八日开始，为期两天。"],
    ["二、危险品柜的钥匙由孙丽保管。", "三、搬迁期间食堂照常供餐。"],
)
QUESTION, ANSWER, ANSWER_PAGE = "危险品柜的钥匙由谁保管？", "孙丽", "第 2 页"
REASONS = {"加密的合同.pdf": "请移除密码后重新上传", "没下完的手册.docx": "请上传完好的副本"}
_SAME_READER = (".jpg", ".tiff", ".webp", ".bmp")  # as .png, and recognition takes its time


def scan() -> bytes:
    """A PDF of pictures, without a text layer."""
    first, *others = (drawn(lines) for lines in SCANNED_PAGES)
    stream = io.BytesIO()
    first.save(stream, "PDF", save_all=True, append_images=others)
    return stream.getvalue()


def folder_of_everything(folder: Path) -> list[Path]:
    healthy = {name: data for name, data in corpus().items() if not name.endswith(_SAME_READER)}
    locked, word = encrypted(pdf_file([[("甲方与乙方约定如下。", 14)]])), word_file()
    broken = dict(zip(REASONS, (locked, word[: len(word) // 2]), strict=True))
    for name, data in {**healthy, SCAN: scan(), **broken}.items():
        (folder / name).write_bytes(data)
    return sorted(folder.iterdir())


@pytest.mark.timeout(900)  # a minute on an idle machine
def test_every_format_ends_ready_or_with_a_reason_and_a_scan_is_cited_by_its_page(
    running_zhiwen: RunningZhiwen, page: Page, tmp_path: Path
) -> None:
    files = folder_of_everything(tmp_path)
    page.goto(running_zhiwen.ui_url)
    upload(page, f"各种格式 {int(time.time())}", *files)
    expect(shown(page, f"已上传 {len(files)} 个文件")).to_be_visible()
    expect(shown(page, "个文件正在处理")).to_be_visible()
    shoot(page, "10-every-format-on-its-way")
    show_failed = page.get_by_role("button", name="查看原因")
    expect(page.get_by_text("个文件正在处理")).to_have_count(0, timeout=PATIENCE_MS)
    settle(page)
    expect(shown(page, f"共 {len(files)} 个文件")).to_be_visible()
    assert show_failed.inner_text().endswith(f"{len(REASONS)} 个文件读取失败，查看原因")
    show_failed.click()
    expect(page.locator('[class*="st-key-filehead-"]')).to_have_count(len(REASONS))
    for name, reason in REASONS.items():
        expect(row_of(page, name)).to_contain_text(reason)
        expect(row_of(page, name).get_by_role("button", name="替换")).to_be_visible()
    shoot(page, "11-what-failed-and-why")

    open_page(page, "对话")
    ask(page, QUESTION)
    wait_for_answer(page)
    chip = page.locator('[class*="st-key-chip-"] button:visible').filter(has_text=SCAN)
    expect(chip).to_contain_text(ANSWER_PAGE)
    shoot(page, "12-scan-cited")
    chip.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text(ANSWER_PAGE)).to_be_visible()
    expect(drawer.locator(".box.cited").first).to_be_visible()
    shoot(page, "13-scanned-page")
    drawer.get_by_role("radio", name="文字").click()
    expect(page.locator(".zw-source mark.cited").first).to_contain_text(ANSWER)
    shoot(page, "13-scanned-words")
