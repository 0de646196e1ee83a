"""In a browser, with the whole API: a question in other words and back, pinned conversations."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlmodel import col, select

from app.db.tables import StoredMessage
from app.llm.scripted import ScriptedChatModel
from tests.application import RunningApi, running_api
from tests.browser.everyone.axe import Findings
from tests.browser.gestures import shoot, wait_for_answer
from tests.guard.test_interface import interface
from ui.words.texts import words

ZH = words("zh")
HANDBOOK = "# 员工手册\n\n年假为每年十五天，须提前一周申请。病假每年十天，需要医院证明。\n"
ANNUAL, SICK, PROOF, EARLY = "年假几天？", "病假几天？", "要证明吗？", "要提前申请吗？"
ANSWERS = {
    ANNUAL: "年假为每年十五天。",
    SICK: "病假每年十天。",
    PROOF: "需要医院证明。",
    EARLY: "须提前一周申请。",
}


@dataclass(frozen=True, slots=True)
class Chat:
    url: str
    api: RunningApi
    model: ScriptedChatModel
    base_id: str

    def served(self) -> str:
        """The prompt stored with the newest answer."""
        newest = select(StoredMessage).where(StoredMessage.role == "assistant")
        with self.api.application.db.read() as session:
            answer = session.exec(newest.order_by(col(StoredMessage.created_at).desc())).first()
        assert answer is not None
        return "\n".join(message["content"] for message in answer.prompt)


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    model = ScriptedChatModel()
    with running_api(tmp_path_factory.mktemp("api"), model=model, answer_cache=False) as api:
        base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
        port = urlsplit(api.url).port
        with interface(tmp_path_factory.mktemp("ui"), api_port=port) as url:
            yield Chat(url, api, model, base_id)


def asked(page: Page, question: str) -> Locator:
    return page.locator('[class*="st-key-asked-"]').filter(has_text=question)


def tools(page: Page, question: str) -> Locator:
    """What can be done with a question."""
    return page.locator('[class*="st-key-turn-"]').filter(has_text=question)


def ask(chat: Chat, page: Page, question: str) -> None:
    chat.model.enqueue(ANSWERS[question])
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill(question)
    field.press("Enter")
    expect_answer(page, ANSWERS[question])


def edit(chat: Chat, page: Page, question: str, words_: str, say: dict[str, str] = ZH) -> None:
    """By keys, from the button on."""
    chat.model.enqueue(ANSWERS[words_])
    button = tools(page, question).get_by_role("button", name=say["question.edit"])
    button.focus()
    page.keyboard.press("Enter")
    editor = page.get_by_role("textbox", name=say["question.edit"])
    expect(editor).to_be_focused()
    expect(editor).to_have_value(question)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(words_)
    page.keyboard.press("ControlOrMeta+Enter")
    expect_answer(page, ANSWERS[words_])


def expect_answer(page: Page, text: str) -> None:
    answer = page.locator('[class*="st-key-answer-"]').last
    expect(answer).to_contain_text(text)
    expect(answer.get_by_test_id("stFeedback").last).to_be_visible()
    expect(page.get_by_test_id("stChatInput")).to_be_visible()


def test_edit_turn_back_reload_and_ask_on(chat: Chat, page: Page, browser: Browser) -> None:
    page.goto(chat.url)
    ask(chat, page, ANNUAL)
    ask(chat, page, SICK)
    ask(chat, page, PROOF)
    address = page.url

    edit(chat, page, SICK, EARLY)
    expect(asked(page, SICK)).to_have_count(0)
    expect(asked(page, PROOF)).to_have_count(0)
    expect(tools(page, EARLY)).to_contain_text("2 / 2")
    assert ANNUAL in chat.served() and SICK not in chat.served()
    assert page.url == address

    tools(page, EARLY).get_by_role("button", name=ZH["question.branch_back"]).click()
    expect(asked(page, PROOF)).to_be_visible()
    expect(tools(page, SICK)).to_contain_text("1 / 2")
    back = tools(page, SICK).get_by_role("button", name=ZH["question.branch_on"])
    expect(back).to_be_focused()  # whoever uses keys stays where they are
    expect(
        tools(page, SICK).get_by_role("button", name=ZH["question.branch_back"])
    ).to_be_disabled()

    page.reload()
    expect(asked(page, PROOF)).to_be_visible()
    expect(asked(page, EARLY)).to_have_count(0)
    elsewhere = browser.new_context(locale="zh-CN").new_page()
    elsewhere.goto(address)
    expect(asked(elsewhere, PROOF)).to_be_visible()
    elsewhere.context.close()

    chat.model.enqueue(ANSWERS[ANNUAL])
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill("一共几天？")
    field.press("Enter")
    expect(page.get_by_test_id("stFeedback")).to_have_count(4)
    served = chat.served()
    assert PROOF in served and EARLY not in served


def test_a_pinned_conversation_stands_first_after_a_reload(chat: Chat, page: Page) -> None:
    for question in (ANNUAL, SICK):
        page.goto(chat.url)
        ask(chat, page, question)
    rows = page.locator('[class*="st-key-row-"]')
    expect(rows.first).to_contain_text(SICK)
    row = rows.filter(has_text=ANNUAL).first
    row.hover()
    row.locator('[class*="st-key-menu-"] button').click()
    page.get_by_role("menuitem", name=ZH["action.pin"], exact=True).click()
    listed = page.locator(".st-key-conversations")
    expect(listed.get_by_text(ZH["sidebar.pinned"], exact=True)).to_be_visible()
    expect(rows.first).to_contain_text(ANNUAL)
    page.reload()
    expect(rows.first).to_contain_text(ANNUAL)
    shoot(page, "50-pinned")
    rows.first.hover()
    rows.first.locator('[class*="st-key-menu-"] button').click()
    page.get_by_role("menuitem", name=ZH["action.unpin"], exact=True).click()
    expect(rows.first).to_contain_text(SICK)
    expect(listed.get_by_text(ZH["sidebar.pinned"], exact=True)).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("device", "width"), [("desktop", 1280), ("phone", 390)])
def test_branches_fit_every_screen(
    chat: Chat, browser: Browser, device: str, width: int, theme: str, language: str
) -> None:
    say = words(language)
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        has_touch=device == "phone",
        is_mobile=device == "phone",
        color_scheme=theme,  # type: ignore[arg-type]  # one of its literals
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
    )
    page = context.new_page()
    page.goto(chat.url)
    ask(chat, page, ANNUAL)
    edit(chat, page, ANNUAL, SICK, say)
    wait_for_answer(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "scrolls sideways"
    tools(page, SICK).hover()
    shoot(page, f"51-branch-{device}-{theme}-{language}")
    tools(page, SICK).get_by_role("button", name=say["question.edit"]).click()
    expect(page.get_by_role("textbox", name=say["question.edit"])).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "scrolls sideways"
    expect(page.locator('[data-stale="true"]')).to_have_count(0)
    shoot(page, f"52-editor-{device}-{theme}-{language}")
    context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing(chat: Chat, browser: Browser, language: str) -> None:
    say, seen = words(language), Findings()
    context = browser.new_context(
        viewport={"width": 1280, "height": 844}, locale={"zh": "zh-CN", "en": "en-GB"}[language]
    )
    page = context.new_page()
    page.goto(chat.url)
    ask(chat, page, ANNUAL)
    edit(chat, page, ANNUAL, SICK, say)
    seen.look(page, "branch")
    tools(page, SICK).hover()
    tools(page, SICK).get_by_role("button", name=say["question.edit"]).click()
    expect(page.get_by_role("textbox", name=say["question.edit"])).to_be_visible()
    seen.look(page, "editor")
    context.close()
    assert not seen.lines, "\n".join(seen.lines)
