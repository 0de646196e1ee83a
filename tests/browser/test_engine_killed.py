"""An engine dies in the middle of an answer, as a person sees it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningZhiwen, zhiwen_up
from tests.browser.gestures import PATIENCE_MS, ask, open_page, row_of, shoot, shown, upload
from tests.processes.zhiwen_up import Engine

_START_S = 120.0
SENTENCE = "年假为每年十五天，须提前一周向直属主管提出书面申请，经人事部门登记之后生效。"
ENGINES = """
[[engine]]
name = "主力"
base_url = "http://127.0.0.1:{first}/v1"

[[engine]]
name = "备用"
base_url = "http://127.0.0.1:{second}/v1"
"""


@pytest.fixture
def engines() -> Iterator[tuple[Engine, Engine]]:
    first, second = Engine(delay_ms=400), Engine(delay_ms=50)
    first.start()
    second.start()
    yield first, second
    first.kill()
    second.kill()


@pytest.fixture
def zhiwen(tmp_path: Path, engines: tuple[Engine, Engine]) -> Iterator[RunningZhiwen]:
    listed = tmp_path / "engines.toml"
    first, second = engines
    listed.write_text(ENGINES.format(first=first.port, second=second.port), "utf-8")
    more = {"ENGINES": listed, "ENGINE_URL": f"http://127.0.0.1:{first.port}/v1"}
    with zhiwen_up(tmp_path, _START_S, EMBEDDER="hashing", **more) as running:
        yield running


def test_an_engine_dies_and_comes_back(
    zhiwen: RunningZhiwen, engines: tuple[Engine, Engine], page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "员工手册.md"
    file.write_text(SENTENCE, "utf-8")
    page.goto(zhiwen.ui_url)
    upload(page, "人事", file)
    expect(row_of(page, file.name).get_by_text("就绪")).to_be_visible(timeout=PATIENCE_MS)
    open_page(page, "对话")
    page.get_by_role("link", name="新对话").click()
    ask(page, "年假有几天？")
    talk = page.get_by_role("main")
    expect(talk).to_contain_text("年假为每年")
    engines[0].kill()
    expect(page.get_by_role("button", name="停止生成")).to_have_count(0)
    expect(talk).to_contain_text("年假为每年")
    expect(talk).not_to_contain_text("之后生效")
    shoot(page, "engine-died")

    open_page(page, "状态")
    expect(shown(page, "无法连接", exact=True)).to_be_visible()
    shoot(page, "engine-died-status")

    open_page(page, "对话")
    ask(page, "年假有多少天？")
    expect(talk).to_contain_text("之后生效")
    details = page.get_by_role("button", name="详情")
    expect(details).to_have_count(2)
    details.last.click()
    expect(shown(page, "主力 不可用")).to_be_visible()
    shoot(page, "engine-died-fallback")
    page.keyboard.press("Escape")

    engines[0].start()
    open_page(page, "状态")
    expect(shown(page, "一切正常。")).to_be_visible()
    shoot(page, "engine-back-status")
