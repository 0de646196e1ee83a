"""What is said where the API refuses or is gone, and that nothing is lost by it."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.patience import PATIENCE_S
from tests.ui.conftest import script, served
from tests.ui.pages import ZH, answers, go, said, settle
from tests.ui.stand_in.service import Application
from ui.client.http import ApiError, Client


def busy(*_: object, **__: object) -> None:
    raise ApiError("The database is busy.", "database_busy", 503)


def test_an_open_status_page_says_that_the_service_is_gone(application: Application) -> None:
    with served(application) as url:
        app = AppTest.from_function(script, args=(url,), default_timeout=PATIENCE_S)
        app.query_params["lang"] = "zh"
        go(app.run(), "status")
        assert ZH["status.all"] in [each.value for each in app.success]
    app.run()
    assert not app.exception
    assert ZH["down.title"] in said(app)
    assert ZH["page.status"] not in [title.value for title in app.title]


def test_a_status_that_is_refused_is_said_in_its_place(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "status", busy)
    go(app, "status")
    assert not app.exception
    assert ZH["refusal.database_busy"] in said(app)
    assert ZH["sidebar.none"] in said(app)


def test_the_sidebar_stays_whole_where_a_part_of_the_page_fails(
    app: AppTest, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = next(iter(application.bases))
    application.add_document(base, "合同.pdf", b"x", "parsing")  # so that the list is polled
    monkeypatch.setattr(Client, "documents", busy)
    go(app, "documents")
    assert not app.exception
    assert ZH["refusal.database_busy"] in said(app)
    assert ZH["sidebar.none"] in said(app)


def test_a_dialog_that_is_refused_says_so(app: AppTest, application: Application) -> None:
    app.session_state["dialog"] = {"name": "feedback", "message_id": "gone", "found": []}
    app.run()
    assert not app.exception
    assert ZH["refusal.not_found"] in said(app)


def test_a_refused_search_leaves_the_form_and_is_tried_again(
    app: AppTest, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    (answer_id,) = answers(application)
    app.feedback(key=f"thumbs-{answer_id}").set_value(0).run()
    search = f"feedback-search-{answer_id}"
    with monkeypatch.context() as patch:
        patch.setattr(Client, "search", busy)
        app.text_input(key=search).set_value("病假").run()
        assert ZH["refusal.database_busy"] in said(app)
        assert ZH["feedback.found_none"] not in said(app)
        app.text_area(key=f"feedback-comment-{answer_id}").set_value("旧").run()
    app.run()
    assert ZH["feedback.found"].partition("{")[0] in said(app)
    assert ZH["refusal.database_busy"] not in said(app)


def test_a_conversation_that_is_not_read_now_is_not_forgotten(
    app: AppTest, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    (key,) = application.conversations
    with monkeypatch.context() as patch:
        patch.setattr(Client, "conversation", busy)
        app.run()
        assert ZH["refusal.database_busy"] in said(app)
        assert not app.toast
    app.run()
    assert app.session_state["conversation"] == key
    assert "十天" in said(app)
    application.conversations.clear()
    app.run()
    assert ZH["chat.gone"] in app.toast[-1].value
    assert ZH["welcome.title"] in said(app)
