"""A citation opens the page that it is from, with the words outlined: scans and columns."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from pypdf import PdfReader, PdfWriter

from app.llm.scripted import ScriptedChatModel
from tests.api.sse import ask
from tests.application import RunningApi, running_api
from tests.browser.gestures import shoot
from tests.guard.test_interface import interface
from tests.ingest.files import drawn_pdf
from tests.ingest.pages.test_runs import two_columns
from tests.ingest.pictures import drawn, saved

SCAN, COLUMNS = "电梯管理规定.pdf", "pump-hall.pdf"
LINES = [
    "电梯管理规定",
    "一、货梯每周检查一次，记录保存三年。",
    "二、客梯每月由维保单位检查一次。",
    "三、载重不得超过两吨，超载时不得运行。",
    "四、发现异常立即停用，并上报设备科。",
    "五、检修期间须在各层悬挂停用标志。",
    "六、本规定自二〇三一年四月起施行。",
]
RULE = 3  # the line that the answer rests on
SCAN_SIZE = (1240, 1754)


@dataclass(frozen=True, slots=True)
class Shown:
    url: str
    api: RunningApi
    model: ScriptedChatModel
    base_id: str

    def answer(self, question: str, answer: str) -> str:
        """Ask; the address of the conversation."""
        self.model.enqueue(answer)
        # Not from the cache: it would leave the answer in the queue, for another question.
        events = ask(self.api.http, question, self.base_id, fresh=True)
        message: dict[str, Any] = events["done"][0]["message"]
        assert message["citations"], message
        return f"{self.url}/?c={message['conversation_id']}"


def scan() -> bytes:
    """A page as a scanner makes it: a PDF that holds a picture."""
    page = Image.new("RGB", SCAN_SIZE, "white")
    page.paste(drawn(LINES), (0, 150))
    return saved(page, "PDF")


def columns() -> bytes:
    """Three pages; the one in the middle has two columns."""
    writer = PdfWriter()
    for page in (
        drawn_pdf([(60, 760, "Pump hall: contents and validity of this manual")], []),
        two_columns(),
        drawn_pdf([(60, 760, "Pump hall: telephone numbers for emergencies")], []),
    ):
        writer.append(PdfReader(io.BytesIO(page)))
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    model = ScriptedChatModel()
    folder = tmp_path_factory.mktemp("api")
    with running_api(folder, model=model, max_prompt_tokens=3000) as api:
        base_id = api.ingest("规定", {SCAN: scan(), COLUMNS: columns()})
        port = urlsplit(api.url).port
        with interface(tmp_path_factory.mktemp("ui"), api_port=port) as url:
            yield Shown(url, api, model, base_id)


def opened(page: Page, address: str, file: str) -> Locator:
    """The drawer with the source that is this file."""
    page.goto(address)
    page.locator('[class*="st-key-chip-"] button:visible').filter(has_text=file[:6]).first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator(".sheet:not(.empty) img")).to_be_visible()
    return drawer


def outlined(drawer: Locator) -> list[tuple[float, float, float, float]]:
    """The boxes around cited words in shares of the page: left, top, right, bottom."""
    expect(drawer.locator(".box.cited").first).to_be_visible()
    return [
        tuple(each)
        for each in drawer.locator(".box.cited").evaluate_all(
            """(boxes) => boxes.map((box) => {
                const inner = box.getBoundingClientRect();
                const page = box.closest(".sheet").getBoundingClientRect();
                const x = (side) => (side - page.left) / page.width;
                const y = (side) => (side - page.top) / page.height;
                return [x(inner.left), y(inner.top), x(inner.right), y(inner.bottom)];
            })"""
        )
    ]


def is_in_view(drawer: Locator) -> bool:
    return bool(
        drawer.locator(".box.cited").first.evaluate(
            """(box) => {
                const inner = box.getBoundingClientRect();
                const frame = box.closest(".frame").getBoundingClientRect();
                return inner.top >= frame.top && inner.bottom <= frame.bottom;
            }"""
        )
    )


def test_a_scan_is_shown_with_its_line_outlined(shown: Shown, page: Page) -> None:
    address = shown.answer("电梯载重不得超过多少？", "载重不得超过两吨，超载时不得运行 [1]。")
    drawer = opened(page, address, SCAN)
    (box,) = outlined(drawer)
    line = 150 + 60 + 80 * RULE  # where it was drawn, 40 pixels high
    assert box[1] * SCAN_SIZE[1] == pytest.approx(line, abs=25)
    assert box[3] * SCAN_SIZE[1] == pytest.approx(line + 45, abs=25)
    assert box[0] < 0.2 and box[2] > 0.5
    assert is_in_view(drawer)
    shoot(page, "10-scan")
    page.set_viewport_size({"width": 1720, "height": 960})
    shoot(page, "10-scan-wide")


def test_columns_are_shown_with_the_right_one_outlined(shown: Shown, page: Page) -> None:
    answer = "Spare seals are kept in store room nine, shelf two [1]."
    address = shown.answer("Where are spare seals kept?", answer)
    drawer = opened(page, address, COLUMNS)
    expect(drawer.locator(".where")).to_have_text("2 / 3")
    boxes = outlined(drawer)
    assert len(boxes) >= 2 and all(left > 0.5 for left, *_ in boxes)
    assert is_in_view(drawer)
    shoot(page, "11-columns")

    # by keyboard: the page has the focus
    page.keyboard.press("PageDown")
    expect(drawer.locator(".where")).to_have_text("3 / 3")
    expect(drawer.locator(".box.cited")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    expect(drawer.locator(".where")).to_have_text("2 / 3")
    expect(drawer.locator(".sheet:not(.empty) img")).to_be_visible()
    narrow = drawer.locator(".sheet").evaluate("(sheet) => sheet.clientWidth")
    page.keyboard.press("+")
    wide = drawer.locator(".sheet").evaluate("(sheet) => sheet.clientWidth")
    assert wide > 1.4 * narrow
    shoot(page, "12-larger")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_the_text_can_be_seen_in_place_of_the_page(shown: Shown, page: Page) -> None:
    answer = "Spare seals are kept in store room nine, shelf two [1]."
    drawer = opened(page, shown.answer("Where are spare seals kept?", answer), COLUMNS)
    drawer.get_by_role("radio", name="文字").click()
    source = page.locator(".zw-source")
    expect(source.locator("mark.cited").first).to_contain_text("Spare seals")
    expect(drawer.locator(".sheet")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_the_page_takes_the_whole_screen(
    shown: Shown, browser: Browser, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        locale="en-US",
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=True,
    )
    telephone = context.new_page()
    address = shown.answer("电梯载重不得超过多少？", "载重不得超过两吨，超载时不得运行 [1]。")
    drawer = opened(telephone, address, SCAN)
    outlined(drawer)
    assert is_in_view(drawer)
    width = telephone.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "the page scrolls sideways"
    assert drawer.evaluate("(drawer) => drawer.clientWidth") == 390
    shoot(telephone, f"13-telephone-{scheme}")
    context.close()


def test_pages_come_from_the_interface_alone(shown: Shown, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = "Spare seals are kept in store room nine, shelf two [1]."
    opened(page, shown.answer("Where are spare seals kept?", answer), COLUMNS)
    hosts = {urlsplit(url).netloc for url in asked if url.startswith("http")}
    assert hosts == {urlsplit(shown.url).netloc}
    assert any("/zhiwen/pages/" in url for url in asked)


def test_what_cannot_be_drawn_says_so_in_words_of_the_page(
    shown: Shown, page: Page, tmp_path: Path
) -> None:
    answer = "Spare seals are kept in store room nine, shelf two [1]."
    address = shown.answer("Where are spare seals kept?", answer)
    page.route(
        "**/zhiwen/pages/**", lambda route: route.fulfill(status=422, json={"detail": "No."})
    )
    page.goto(address)
    page.locator('[class*="st-key-chip-"] button:visible').filter(has_text="pump").first.click()
    expect(page.get_by_role("dialog").locator(".said")).to_have_text("这一页无法显示。")
