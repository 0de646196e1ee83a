"""The whole line in a real browser: upload, ask, read, open the source, rate, find it again."""

import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import RunningZhiwen
from tests.browser.gestures import (
    PATIENCE_MS,
    ask,
    download,
    open_page,
    row_of,
    shoot,
    shown,
    upload,
    wait_for_answer,
)

DOCUMENT = """# 云杉仓库值班规定

夜班从晚上九点到次日早上六点，值班员须每两小时巡查一次冷库，并把温度写入值班簿。

冷库温度超过零下十五度时，值班员应立即通知设备科，电话是内线 4417。

<img src=x onerror="document.title='broken'"> 这一行只是文字。
"""
QUESTION = "设备科的内线电话是多少？"
CORRECTION = "应立即通知设备科，内线 4417 [1]。"


def rate(page: Page) -> None:
    page.get_by_test_id("stFeedback").locator("button").nth(1).click()
    form = page.get_by_role("dialog")
    form.get_by_text("回答错误").click()
    form.get_by_label("正确的回答").fill(CORRECTION)
    shoot(page, "05-feedback")
    form.get_by_role("button", name="完成").click()
    expect(form).to_have_count(0)


def feedback_of(api_url: str, correction: str) -> list[str]:
    """Ids of the rated messages with this correction."""
    items = httpx.get(f"{api_url}/api/feedback", trust_env=False).json()["items"]
    return [item["message_id"] for item in items if item["correction"] == correction]


def test_from_a_file_to_a_training_pair(
    running_zhiwen: RunningZhiwen, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "值班规定.md"
    file.write_text(DOCUMENT, encoding="utf-8")
    page.goto(running_zhiwen.ui_url)
    expect(page.get_by_test_id("stChatInput")).to_be_visible()
    shoot(page, "01-welcome")

    upload(page, f"仓库 {int(time.time())}", file)
    expect(row_of(page, file.name).get_by_text("就绪")).to_be_visible(timeout=PATIENCE_MS)
    shoot(page, "02-documents")

    open_page(page, "对话")
    page.get_by_role("link", name="新对话").click()
    ask(page, QUESTION)
    wait_for_answer(page)
    shoot(page, "03-answer")

    page.locator('[class*="st-key-chip-"] button:visible').first.click()
    source = page.locator(".zw-source")
    expect(source).to_contain_text("内线 4417")
    expect(source.locator("mark").first).to_be_visible()
    cited = " ".join(source.locator("mark.cited").all_inner_texts())
    assert "4417" in cited, cited
    expect(source).to_contain_text("这一行只是文字")
    assert source.locator("img").count() == 0
    assert page.title() != "broken"
    expect(page.get_by_role("link", name="下载原文件")).to_be_visible()
    shoot(page, "04-source")
    assert download(page, "下载原文件") == DOCUMENT
    page.get_by_role("dialog").get_by_role("button", name="关闭").click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    rate(page)
    assert len(feedback_of(running_zhiwen.api_url, CORRECTION)) == 1

    page.reload()
    expect(page.get_by_role("button", name="修改评价")).to_be_visible()

    open_page(page, "评审")
    expect(shown(page, CORRECTION)).to_be_visible()
    shoot(page, "06-review")
    page.get_by_role("tab", name="导出训练数据").click()
    page.get_by_label("格式").click()
    page.get_by_role("option", name="DPO").click()
    assert CORRECTION in download(page, "下载")
    shoot(page, "07-export")


def test_a_page_that_was_left_finds_its_answer_again(
    running_zhiwen: RunningZhiwen, page: Page
) -> None:
    page.goto(running_zhiwen.ui_url)
    example = page.locator('[class*="st-key-example-"] button').first
    question = example.inner_text()
    example.click()
    expect(page.get_by_role("button", name="停止生成")).to_be_visible()
    # The sidebar moves once more when the conversation comes into its list.
    listed = page.get_by_test_id("stSidebar").locator("strong").filter(has_text=question)
    expect(listed).to_be_visible()
    open_page(page, "状态")
    expect(page.get_by_role("heading", name="状态")).to_be_visible()
    expect(shown(page, "磁盘")).to_be_visible()
    shoot(page, "08-status")
    open_page(page, "对话")
    wait_for_answer(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_in_english(
    running_zhiwen: RunningZhiwen, browser: Browser, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        locale="en-US",
        color_scheme="dark" if scheme == "dark" else "light",
    )
    narrow = context.new_page()
    narrow.goto(running_zhiwen.ui_url)
    expect(narrow.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    expect(narrow.get_by_test_id("stChatInput")).to_be_visible()
    width = narrow.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "the page scrolls sideways"
    shoot(narrow, f"09-narrow-{scheme}")
    context.close()
