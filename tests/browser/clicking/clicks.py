"""Two people click at random, each in a browser of their own, until something breaks."""

import logging
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ElementHandle, Page
from playwright.sync_api import Error as PlaywrightError

from tests.browser.everyone.house import ADMIN, MEMBER, House, entered
from ui.words.texts import LANGUAGES, words

_CLICKABLE = (
    "button:enabled, a[href], summary, label, [role=tab], [role=radio], [role=checkbox],"
    " [role=menuitem], [role=option], input[type=text], [role=combobox]"
)
_QUESTIONS = (
    "出差住宿标准是多少？",
    "When is the bonus paid?",
    "?",
    "<b>*x*</b> $a_1$ `",
    "九" * 300,
)
_CLICK_MS, _REST_MS = 1_500, 120
# Whoever does these is out, or puts the other one out.
_LEFT_ALONE = (
    *("account.sign_out", "session.end", "session.end_others", "people.end_sessions"),
    *("people.do_disable", "people.do_remove", "people.do_take_admin", "people.do_reset"),
)


@dataclass(slots=True)
class Clicks:
    """What each person got done, and what broke on the way, with the last steps before it."""

    done: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Person:
    name: str
    page: Page
    chance: random.Random
    steps: list[str] = field(default_factory=list)

    def step(self) -> bool:
        """One thing a hand may do, and whether it was done; an element that goes away meanwhile is
        nobody's fault."""
        try:
            self._step()
        except PlaywrightError as error:
            if not self.page.is_closed():
                self.steps.append(f"  not done: {str(error).splitlines()[0][:80]}")
            return False
        return True

    def _step(self) -> None:
        which = self.chance.random()
        if which < 0.08:
            self._ask()
        elif which < 0.13:
            self.note("Escape")
            self.page.keyboard.press("Escape")
        elif which < 0.16:
            self.note("Back")
            self.page.go_back(timeout=_CLICK_MS, wait_until="commit")
        elif which < 0.18:
            self.note("Reload")
            self.page.reload(timeout=10_000)
        else:
            self._click()
        self.page.wait_for_timeout(self.chance.randrange(_REST_MS))

    def _ask(self) -> None:
        question = self.chance.choice(_QUESTIONS)
        self.note(f"Ask {question[:20]}")
        box = self.page.get_by_test_id("stChatInput").locator("textarea")
        if box.count() and box.is_enabled():
            box.fill(question, timeout=_CLICK_MS)
            box.press("Enter", timeout=_CLICK_MS)

    def _click(self) -> None:
        inside = self.page.get_by_role("dialog")
        around = inside.last if inside.count() else self.page
        found = around.locator(_CLICKABLE).element_handles()
        shown = [element for element in found if element.is_visible() and _is_harmless(element)]
        if not shown:
            self.page.keyboard.press("Escape")
            return
        element = self.chance.choice(shown)
        self.note(f"Click {_called(element)}")
        element.click(timeout=_CLICK_MS)

    def note(self, step: str) -> None:
        self.steps.append(f"{self.name}: {step}")


def _called(element: ElementHandle) -> str:
    said = element.get_attribute("aria-label") or element.inner_text()
    return " ".join(said.split())[:40]


def _is_harmless(element: ElementHandle) -> bool:
    said = _called(element)
    left_alone = {
        words(language)[key] for language in LANGUAGES for key in _LEFT_ALONE if key in words("zh")
    }
    leads_away = (element.get_attribute("href") or "").startswith("http")
    return not leads_away and not any(name == said for name in left_alone)


def click(browser: Browser, house: House, seconds: float, seed: int) -> Clicks:
    """For so long, or until something has broken. The same seed makes the same choices."""
    clicks = Clicks()
    with _errors_logged() as errors:
        people = [
            Person(name, entered(browser, house, name), random.Random(f"{seed}-{name}"))
            for name in (ADMIN, MEMBER)
        ]
        for person in people:
            person.page.on(
                "pageerror",
                lambda error, name=person.name: clicks.broken.append(f"{name}: {error}"),
            )
        end = time.monotonic() + seconds
        logged = len(house.log.read_bytes())
        while time.monotonic() < end and not clicks.broken:
            for person in people:
                clicks.done[person.name] += person.step()
                _look(person, clicks)
            logged = _read_on(house.log, logged, clicks)
            clicks.broken += errors
        if clicks.broken:
            for person in people:
                clicks.broken += person.steps[-12:]
        for person in people:
            person.page.context.close()
    return clicks


def _look(person: Person, clicks: Clicks) -> None:
    exceptions = person.page.get_by_test_id("stException")
    try:
        if exceptions.count():
            clicks.broken.append(
                f"{person.name}, {person.page.url}: {exceptions.first.inner_text()}"
            )
    except PlaywrightError:
        pass  # the page is being left


def _read_on(log: Path, start: int, clicks: Clicks) -> int:
    """What the interface has logged since, if it is an exception."""
    added = log.read_bytes()[start:]
    if b"Traceback" in added:
        clicks.broken.append(added.decode("utf-8", "replace")[-4_000:])
    return start + len(added)


@contextmanager
def _errors_logged() -> Iterator[list[str]]:
    """By the API, which runs in this process."""
    found: list[str] = []

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                found.append(self.format(record))

    noting = Noting(logging.ERROR)
    logging.getLogger().addHandler(noting)
    try:
        yield found
    finally:
        logging.getLogger().removeHandler(noting)
