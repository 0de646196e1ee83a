"""`make vllm-cpu` as a person sees it: vLLM with the AWQ model answers in the browser."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningZhiwen, browser, page, zhiwen_up
from tests.browser.gestures import (
    PATIENCE_MS,
    ask,
    open_page,
    row_of,
    shoot,
    upload,
    wait_for_answer,
)
from tests.browser.whole.test_whole_line import DOCUMENT, QUESTION
from tests.engines.conftest import START_S, VLLM_MODEL, vllm_python

__all__ = ["browser", "page"]


@pytest.fixture(scope="module")
def on_vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningZhiwen]:
    python = vllm_python()
    folder = tmp_path_factory.mktemp("zhiwen")
    with zhiwen_up(folder, START_S, VLLM_PYTHON=python, CHAT_MODEL=VLLM_MODEL) as running:
        yield running


def test_a_question_on_an_uploaded_document_is_answered_by_vllm(
    on_vllm: RunningZhiwen, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "值班规定.md"
    file.write_text(DOCUMENT, encoding="utf-8")
    page.goto(on_vllm.ui_url)
    upload(page, f"仓库 {int(time.time())}", file)
    expect(row_of(page, file.name).get_by_text("就绪")).to_be_visible(timeout=PATIENCE_MS)
    open_page(page, "对话")
    page.get_by_role("link", name="新对话").click()
    ask(page, QUESTION)
    wait_for_answer(page)
    shoot(page, "vllm-answer")

    page.locator('[class*="st-key-chip-"] button:visible').first.click()
    expect(page.locator(".zw-source")).to_contain_text("内线 4417")
    conversations = httpx.get(f"{on_vllm.api_url}/api/conversations", trust_env=False).json()
    found = conversations["items"][0]["id"]
    detail = httpx.get(f"{on_vllm.api_url}/api/conversations/{found}", trust_env=False).json()
    answer = detail["messages"][-1]
    assert (answer["model"], answer["state"]) == (VLLM_MODEL, "complete")
    assert "4417" in answer["content"]
