"""The list of conversations in the sidebar."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from app.api.routes.conversations import ConversationOut
from tests.ui.pages import ZH, go, said
from tests.ui.stand_in.service import Application, new_id, now
from ui.client.http import ApiError, Client


def with_conversations(application: Application, count: int) -> list[str]:
    """Their ids, those of the newest first."""
    ids = [new_id() for _ in range(count)]
    for age, key in enumerate(ids):
        at = now() - timedelta(minutes=age)
        application.conversations[key] = ConversationOut(
            id=key, title=f"第{age}个", base_ids=[], created_at=at, updated_at=at
        )
    return ids


def rows(app: AppTest) -> list[str]:
    return [str(menu.key).removeprefix("menu-") for menu in app.menu_button]


def test_more_conversations_are_shown_and_stay(app: AppTest, application: Application) -> None:
    ids = with_conversations(application, 90)
    app.run()
    assert rows(app) == ids[:15]
    app.button(key="more-conversations").click().run()
    assert rows(app) == ids[:65]
    app.run()
    assert rows(app) == ids[:65]
    app.button(key="more-conversations").click().run()
    assert rows(app) == ids
    assert "more-conversations" not in {button.key for button in app.button}
    app.menu_button(key=f"menu-{ids[80]}").click("pin").run()
    assert application.conversations[ids[80]].pinned
    assert rows(app)[0] == ids[80]


def test_what_is_chosen_in_a_row_holds_where_the_page_draws_itself_anew(
    app: AppTest, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, *_) = with_conversations(application, 2)
    go(app, "status")
    app.menu_button(key=f"menu-{first}").click("rename")
    app.session_state["go"] = "chat"  # another page is opened in the same run
    app.run()
    assert app.session_state["dialog"] is None, "a dialog belongs to its page"
    with monkeypatch.context() as patch:
        patch.setattr("ui.screens.chat._ask_error", _drawn_anew_once())
        app.menu_button(key=f"menu-{first}").click("rename").run()
    assert app.session_state["dialog"] == {
        "name": "rename_conversation", "id": first, "title": "第0个"
    }  # fmt: skip


def _drawn_anew_once() -> object:
    import streamlit as st

    runs: list[None] = []

    def draw() -> None:
        runs.append(None)
        if len(runs) == 1:
            st.rerun()

    return draw


def test_a_refusal_is_said_once_and_in_place_of_the_page(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise ApiError("The database is busy.", "database_busy", 503)

    monkeypatch.setattr(Client, "conversations", busy)
    monkeypatch.setattr(Client, "bases", busy)
    app.run()
    assert [ZH["refusal.database_busy"] in error.value for error in app.error] == [True]
    assert ZH["welcome.title"] not in said(app)


def test_a_pin_that_is_refused_is_said(
    app: AppTest, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = with_conversations(application, 1)
    app.run()

    def refuse(*_: object, **__: object) -> None:
        raise ApiError("no", "database_busy", 503)

    monkeypatch.setattr(Client, "pin_conversation", refuse)
    app.menu_button(key=f"menu-{first}").click("pin").run()
    assert not app.exception
    assert ZH["refusal.database_busy"] in app.toast[-1].value
    assert rows(app) == [first]
