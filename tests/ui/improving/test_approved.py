"""Approving an answer on the review page, its badge in the conversation, and withdrawing it."""

from streamlit.testing.v1 import AppTest

from tests.ui.pages import ZH, answers, go, labels, said, settle
from tests.ui.stand_in.service import Application

QUESTION = "年假有几天？"
CORRECTION = "满一年十天，满五年十五天。"


def asked(app: AppTest, application: Application) -> AppTest:
    app.chat_input[0].set_value(QUESTION).run()
    return settle(app, application)


def rated_down(app: AppTest, application: Application) -> str:
    asked(app, application)
    (answer_id,) = answers(application)
    client = app.session_state["client"]
    given = {"rating": "down", "reason": "wrong", "comment": "", "correction": CORRECTION}
    client.put_feedback(answer_id, {**given, "right_chunk_id": None})
    return answer_id


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_a_correction_is_approved_given_with_a_badge_and_withdrawn(
    app: AppTest, application: Application
) -> None:
    rated_down(app, application)
    go(app, "review")
    press(app, ZH["approved.approve"])
    (approved,) = application.approved.values()
    assert (approved.question, approved.answer) == (QUESTION, CORRECTION)
    assert ZH["approved.badge"] in said(app)

    app.session_state["conversation"] = None
    go(app, "chat")
    asked(app, application)
    assert CORRECTION in said(app) and ZH["approved.badge"] in said(app)
    assert ZH["source.searched"] not in said(app)
    assert [label for label in labels(app) if label.startswith("1 · 员工休假制度")]

    go(app, "review")
    press(app, ZH["approved.withdraw"])
    assert application.approved == {}


def test_a_changed_source_is_said(app: AppTest, application: Application) -> None:
    rated_down(app, application)
    go(app, "review")
    press(app, ZH["approved.approve"])
    next(iter(application.approved.values())).standing = "changed"
    app.run()
    assert ZH["approved.changed"] in said(app)
    assert ZH["approved.approve"] in labels(app)  # again, once it was checked


def test_a_pair_is_written_by_hand(app: AppTest, application: Application) -> None:
    go(app, "review")
    app.text_input(key="approved-question").set_value("几点开门？")
    app.text_area(key="approved-answer").set_value("八点。")
    app.multiselect(key="approved-bases").set_value(list(application.bases))
    press(app, ZH["approved.approve"])
    (approved,) = application.approved.values()
    assert (approved.question, approved.answer) == ("几点开门？", "八点。")
