"""Files sent with a question: what the question waits for, and what becomes of it."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.pages import ZH, labels, said, settle
from tests.ui.stand_in.service import Application
from ui.state import Waiting

QUESTION = "年假多少天？"


@pytest.fixture
def waiting(app: AppTest, application: Application) -> AppTest:
    """A question was sent with a file that can't be read."""
    base = next(iter(application.bases))
    file = application.add_document(base, "密.pdf", b"x", "failed", "encrypted")
    app.session_state["waiting"] = Waiting([file.id], QUESTION)
    return app.run()


def test_a_question_is_not_asked_without_its_file(
    waiting: AppTest, application: Application
) -> None:
    assert not waiting.exception
    assert application.asked == []
    assert ZH["problem.encrypted"] in said(waiting)
    assert ZH["upload.not_asked"].format(question=QUESTION) in said(waiting)
    assert ZH["upload.ask_anyway"] in labels(waiting)
    waiting.button(key="waiting-close").click().run()
    settle(waiting, application)
    assert [body.question for body in application.asked] == [QUESTION]


def test_the_question_goes_back_into_the_box(waiting: AppTest, application: Application) -> None:
    waiting.button(key="waiting-cancel").click().run()
    assert not waiting.exception
    assert waiting.chat_input(key="question").proto.value == QUESTION
    assert application.asked == []
    assert ZH["upload.ask_anyway"] not in labels(waiting)
