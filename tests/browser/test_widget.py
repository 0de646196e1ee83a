"""The chat widget in a page of another website, in a real browser."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from app.llm.scripted import ScriptedChatModel
from tests.api.people.house import PASSWORD, House
from tests.application import drain, running_api
from tests.passwords import cheap_passwords
from tests.processes.zhiwen_up import eventually
from tests.serving import serving

EVIL = "<img src=x onerror=\"document.title='taken'\">"
ANSWER = f"年假为每年十五天。[1] {EVIL}<script>document.title='taken'</script>"
DAILY = 10
NAME = "<img src=x onerror=document.title='taken'>.md"


@dataclass(slots=True)
class Website:
    """Pages of somebody else, under a content policy that allows our script and no style at all.
    `script` are the attributes of the tag."""

    url: str = ""
    api: str = ""
    script: dict[str, str] = field(default_factory=dict)

    async def page(self, request: Request) -> HTMLResponse:
        given = {**self.script, **request.query_params}
        tag = " ".join(f'data-{name}="{_escaped(value)}"' for name, value in given.items())
        body = f'<!doctype html><html lang="zh"><title>A shop</title><body><h1>A shop</h1>\
<a href="#">a link</a><script src="{self.api}/widget.js" {tag} async></script>'
        policy = f"default-src 'none'; script-src {self.api}; connect-src {self.api}"
        return HTMLResponse(body, headers={"Content-Security-Policy": policy})


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


@dataclass(slots=True)
class Embedded:
    site: Website
    stranger: str  # the same pages at an address that no setting names
    model: ScriptedChatModel


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    site, model = Website(), ScriptedChatModel()
    app = Starlette(routes=[Route("/", site.page)])
    with (
        serving(app) as site.url,
        serving(app) as stranger,
        running_api(
            tmp_path_factory.mktemp("widget"),
            auth="password",
            passwords=cheap_passwords(),
            model=model,
            widget_origins=site.url,
            key_daily_requests=DAILY,
            widget_hourly_questions=0,
        ) as api,
    ):
        site.api = api.url
        owner = House(api).person("keeper")
        base = owner.post("/api/bases", json={"name": "手册"}).json()["id"]
        text = "# 手册\n\n年假为每年十五天。".encode()
        owner.post(f"/api/bases/{base}/documents", files={"file": (NAME, text)})
        drain(api.application)
        for key, scope in (("widget", "widget"), ("strong", "ask")):
            body = {"name": key, "scopes": [scope], "base_ids": [base], "password": PASSWORD}
            site.script[key] = owner.post("/api/keys", json=body).json()["token"]
        site.script = {"key": site.script["widget"], "strong": site.script["strong"]}
        yield Embedded(site, stranger, model)


@pytest.fixture
def opened(browser: Browser, embedded: Embedded) -> Iterator[Page]:
    """A visitor's page; its requests to other hosts than the two are listed as `others`."""
    context = browser.new_context(viewport={"width": 1100, "height": 760}, locale="zh-CN")
    page, others = context.new_page(), []
    known = (embedded.site.url, embedded.site.api, embedded.stranger)
    page.on("request", lambda r: None if r.url.startswith(known) else others.append(r.url))
    yield page
    context.close()
    assert others == []


def chat(page: Page, address: str) -> Locator:
    page.goto(address)
    page.get_by_role("button", name=re.compile("打开对话|Open the chat")).click()
    return page.get_by_role("dialog")


def ask(panel: Locator, question: str = "年假几天？") -> None:
    panel.get_by_role("textbox", name="请输入您的问题").fill(question)
    panel.get_by_role("button", name="发送").click()


def test_an_answer_with_markup_is_shown_as_it_is_written(opened: Page, embedded: Embedded) -> None:
    embedded.model.enqueue(*ANSWER)
    panel = chat(opened, f"{embedded.site.url}?title={EVIL}")
    ask(panel)
    expect(panel.get_by_role("log")).to_contain_text(ANSWER)
    sources = panel.get_by_role("list", name="出处")
    expect(sources).to_contain_text(f"[1] {NAME}: 年假为每年十五天。")
    expect(panel.get_by_role("heading")).to_have_text(EVIL)
    expect(panel.get_by_role("status")).to_have_text(ANSWER)
    assert panel.locator("img, script, a").count() == 0
    assert opened.title() == "A shop"


def test_an_answer_appears_word_by_word(opened: Page, embedded: Embedded) -> None:
    embedded.model.enqueue("年假为", "每年", "十五天。")
    panel = chat(opened, embedded.site.url)
    opened.evaluate("window.shown = []")
    log = panel.get_by_role("log")
    log.evaluate(
        """log => new MutationObserver(() => window.shown.push(log.textContent))
            .observe(log, {subtree: true, childList: true, characterData: true})"""
    )
    ask(panel)
    expect(log).to_contain_text("年假为每年十五天。")
    shown = opened.evaluate("window.shown")
    assert any(text.endswith("正在回答……") for text in shown)
    assert any(text.endswith("年假为") for text in shown)
    expect(panel.get_by_role("button", name="发送")).to_be_visible()


def test_an_answer_can_be_stopped(opened: Page, embedded: Embedded) -> None:
    embedded.model.enqueue("十五天。", "还有很多。")
    embedded.model.gate, closed = asyncio.Semaphore(1), embedded.model.closed
    panel = chat(opened, embedded.site.url)
    ask(panel)
    expect(panel.get_by_role("log")).to_contain_text("十五天。")
    panel.get_by_role("button", name="停止").click()
    expect(panel.get_by_role("button", name="发送")).to_be_visible()
    expect(panel.get_by_role("log")).not_to_contain_text("还有很多。")
    eventually(lambda: embedded.model.closed > closed)  # the engine is not kept busy
    embedded.model.gate = None


def test_the_keyboard_alone_is_enough(opened: Page, embedded: Embedded) -> None:
    embedded.model.enqueue("十五天。")
    opened.goto(embedded.site.url)
    button = opened.get_by_role("button", name="打开对话")
    expect(button).to_have_attribute("aria-expanded", "false")
    opened.get_by_role("link").focus()
    opened.keyboard.press("Tab")
    expect(button).to_be_focused()
    opened.keyboard.press("Enter")
    panel = opened.get_by_role("dialog")
    expect(panel.get_by_role("textbox")).to_be_focused()
    opened.keyboard.type("年假几天？")
    opened.keyboard.press("Shift+Enter")
    opened.keyboard.type("谢谢")
    opened.keyboard.press("Enter")
    expect(panel.get_by_role("log")).to_contain_text("年假几天？\n谢谢")
    expect(panel.get_by_role("log")).to_contain_text("十五天。")
    opened.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(button).to_be_focused()


def test_the_enter_that_accepts_characters_sends_nothing(opened: Page, embedded: Embedded) -> None:
    box = chat(opened, embedded.site.url).get_by_role("textbox")
    box.fill("nianjia")
    box.evaluate(
        """box => box.dispatchEvent(new KeyboardEvent("keydown", {
            key: "Enter", keyCode: 229, bubbles: true, cancelable: true, composed: true,
        }))"""  # as Safari says it, after the composition has ended
    )
    expect(box).to_have_value("nianjia")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_it_has_the_whole_screen(opened: Page, embedded: Embedded, theme: str) -> None:
    opened.set_viewport_size({"width": 390, "height": 844})
    opened.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    panel = chat(opened, embedded.site.url)
    box = panel.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    back = panel.evaluate("panel => getComputedStyle(panel).backgroundColor")
    assert back == ("rgb(23, 29, 31)" if theme == "dark" else "rgb(255, 255, 255)")
    assert panel.evaluate("panel => panel.scrollWidth") <= 390
    for _ in range(4):  # the page behind is covered: the focus stays in the panel
        opened.keyboard.press("Tab")
        assert panel.evaluate("panel => panel.contains(panel.getRootNode().activeElement)")


def test_another_website_gets_no_answer(opened: Page, embedded: Embedded) -> None:
    before = len(embedded.model.history)
    panel = chat(opened, embedded.stranger)
    ask(panel)
    expect(panel.get_by_role("log")).to_contain_text("无法从本网页连接到服务。")
    expect(panel.get_by_role("textbox")).to_have_value("年假几天？")  # to be sent again
    assert len(embedded.model.history) == before


def test_a_key_that_may_more_does_not_work(opened: Page, embedded: Embedded) -> None:
    panel = chat(opened, f"{embedded.site.url}?key={embedded.site.script['strong']}")
    ask(panel)
    expect(panel.get_by_role("log")).to_contain_text("此对话窗口的设置有误。")


def test_a_used_up_limit_is_said(opened: Page, embedded: Embedded) -> None:
    panel = chat(opened, f"{embedded.site.url}?language=en")
    for _ in range(DAILY + 1):  # other tests may have used some of the limit, or none
        panel.get_by_role("textbox").fill("How many days?")
        panel.get_by_role("button", name="Send").click()
        expect(panel.get_by_role("button", name="Send")).to_be_visible()
    expect(panel.get_by_role("log")).to_contain_text("The limit for today is used up.")
