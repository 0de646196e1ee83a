"""Every page and every dialog, in both languages and themes, on a desktop and a phone."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.everyone.axe import Findings
from tests.browser.everyone.house import ADMIN, LOCALES, House, entered
from tests.browser.everyone.places import DIALOGS, NOT_OPENED
from tests.browser.gestures import settle, wait_for_answer
from ui.parts import dialogs
from ui.screens import upkeep
from ui.words.texts import words

pytestmark = pytest.mark.timeout(900)
QUESTION = "出差住宿标准是多少？"


@pytest.fixture(params=LOCALES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Browser, house: House, language: str) -> Iterator[Page]:
    opened = entered(browser, house, ADMIN, language=language)
    yield opened
    opened.context.close()


def pages_of(page: Page) -> list[str]:
    """All in the sidebar but the first, which is the chat."""
    links = page.locator(".st-key-pages a")
    found = links.evaluate_all("all => all.map(a => new URL(a.href).pathname)")
    return [path.strip("/") for path in found][1:]


def expect_headings_in_order(page: Page, where: str) -> None:
    """One of the first level, and no level left out below it."""
    levels = page.evaluate(
        """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
             .filter(e => e.checkVisibility()).map(e => Number(e.tagName[1]))"""
    )
    assert levels[:1] == [1] and levels.count(1) == 1, f"{where}: {levels}"
    steps = pairwise(levels)
    assert all(next_ <= level + 1 for level, next_ in steps), f"{where}: {levels}"


def go(page: Page, house: House, path: str) -> None:
    page.goto(f"{house.url}/{path}")
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    settle(page)
    expect_headings_in_order(page, path)


def ask(page: Page) -> None:
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill(QUESTION)
    field.press("Enter")
    wait_for_answer(page)


def test_every_page(page: Page, house: House) -> None:
    seen = Findings()
    seen.look(page, "chat")
    ask(page)
    seen.look(page, "answer")
    expect_headings_in_order(page, "answer")
    views = [f"upkeep?view={name}" for name in upkeep.VIEWS]
    for path in [*pages_of(page), *views, "nowhere"]:
        go(page, house, path)
        tabs = page.get_by_role("tab")
        for number in range(tabs.count()):
            tabs.nth(number).click()
            seen.look(page, f"{path}, tab {number + 1}")
        if not tabs.count():
            seen.look(page, path)
    assert not seen.lines, "\n".join(seen.lines)


def test_every_dialog(page: Page, house: House, language: str) -> None:
    assert DIALOGS.keys() | NOT_OPENED == dialogs.DIALOGS.keys(), "the list of the interface"
    seen, say = Findings(), words(language)
    ask(page)
    chat = page.url.removeprefix(house.url).strip("/")
    for name, place in DIALOGS.items():
        go(page, house, chat if place.page == "chat" else place.page)
        place.open(page, say)
        expect(page.get_by_role("dialog")).to_be_visible()
        seen.look(page, f"dialog {name}")
    assert not seen.lines, "\n".join(seen.lines)


@pytest.mark.parametrize("path", ["login", "link?token=none"])
def test_pages_before_signing_in(browser: Browser, house: House, language: str, path: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 844}, locale=LOCALES[language])
    page = context.new_page()
    page.goto(f"{house.url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    seen = Findings()
    seen.look(page, path)
    context.close()
    assert not seen.lines, "\n".join(seen.lines)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_faint_words_are_found_in_either_theme(browser: Browser, theme: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 844})
    faint = f"@media (prefers-color-scheme: {theme}) {{ h1 {{ color: #eee; background: #fff }} }}"
    page.set_content(
        f'<html lang="en"><title>Faint</title><style>{faint}</style>'
        "<main><h1>Faint words</h1></main></html>"
    )
    seen = Findings()
    seen.look(page, "faint")
    page.close()
    assert len(seen.lines) == 2  # on a desktop and a phone
    assert all(f"{theme}: color-contrast" in line for line in seen.lines)
