"""A page as a reader sees it."""

from streamlit.testing.v1 import AppTest

from tests.ui.conftest import until
from tests.ui.stand_in.service import Application
from ui.words.texts import words

ZH = words("zh")


def said(at: AppTest) -> str:
    """All words on the page, without the joiners."""
    parts = [*at.markdown, *at.caption, *at.title, *at.info, *at.warning, *at.error, *at.header]
    return "\n".join(str(part.value) for part in parts).replace("\u2060", "")


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def settle(at: AppTest, application: Application) -> AppTest:
    """Waits until the API has written all answers, and draws the page again."""
    until(lambda: all(m.state != "streaming" for m in application.messages.values()))
    return at.run()


def go(at: AppTest, page: str) -> AppTest:
    at.session_state["go"] = page
    return at.run()


def answers(application: Application) -> list[str]:
    return [m.id for m in application.messages.values() if m.role == "assistant"]
