"""Pages of somebody with a session, and what they do there."""

from streamlit.testing.v1 import AppTest

from tests.patience import PATIENCE_S
from tests.ui.conftest import script


def page_of(url: str, token: str) -> AppTest:
    at = AppTest.from_function(script, args=(url, token), default_timeout=PATIENCE_S)
    at.query_params["lang"] = "zh"
    return at.run()


def dialog(at: AppTest, name: str, **values: object) -> AppTest:
    at.session_state["dialog"] = {"name": name, **values}
    return at.run()


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()
