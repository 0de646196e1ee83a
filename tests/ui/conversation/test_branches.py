"""A question asked in other words, and the branches that this makes; pinned conversations."""

from streamlit.testing.v1 import AppTest

from tests.ui.pages import ZH, answers, labels, said, settle
from tests.ui.stand_in.service import Application
from ui.client import wire
from ui.parts.conversation.turns import turns

FIRST, OTHER = "年假多少天？", "病假多少天？"


def ask(app: AppTest, application: Application, question: str) -> str:
    """The question's id."""
    app.chat_input(key="question").set_value(question).run()
    settle(app, application)
    return [m.id for m in application.messages.values() if m.role == "user"][-1]


def edit(app: AppTest, application: Application, question_id: str, words: str) -> str:
    app.button(key=f"reword-{question_id}").click().run()
    app.text_area(key=f"words-{question_id}").set_value(words)
    next(button for button in app.button if button.label == ZH["question.send"]).click().run()
    settle(app, application)
    return [m.id for m in application.messages.values() if m.role == "user"][-1]


def test_an_edited_question_begins_a_branch_and_one_turns_back(
    app: AppTest, application: Application
) -> None:
    first = ask(app, application, FIRST)
    ask(app, application, "要提前申请吗？")
    edited = edit(app, application, first, OTHER)
    assert application.asked[-1].edit == first
    assert application.asked[-1].parent_id is None
    assert OTHER in said(app) and "要提前申请吗？" not in said(app)
    assert "2 / 2" in said(app)
    assert app.button(key=f"branch1-{edited}").disabled
    app.button(key=f"branch-1-{edited}").click().run()
    assert FIRST in said(app) and "要提前申请吗？" in said(app) and "1 / 2" in said(app)
    app.button(key=f"branch1-{first}").click().run()
    assert OTHER in said(app)


def test_what_is_asked_next_follows_the_answer_that_is_shown(
    app: AppTest, application: Application
) -> None:
    ask(app, application, FIRST)
    (first,) = answers(application)
    app.button(key=f"again-{first}").click().run()
    settle(app, application)
    second = answers(application)[1]
    app.button(key=f"variant-1-{second}").click().run()
    ask(app, application, "要提前申请吗？")
    assert application.asked[-1].parent_id == first
    del app.session_state[f"variant-of-{application.messages[first].parent_id}"]
    app.run()  # as another browser shows it
    assert "1/2" in said(app)


def test_leaving_the_editor_changes_nothing(app: AppTest, application: Application) -> None:
    first = ask(app, application, FIRST)
    app.button(key=f"reword-{first}").click().run()
    assert ZH["question.kept"] in said(app)
    app.text_area(key=f"words-{first}").set_value(OTHER)
    next(button for button in app.button if button.label == ZH["action.cancel"]).click().run()
    assert ZH["question.send"] not in labels(app)
    assert len(application.asked) == 1
    app.button(key=f"reword-{first}").click().run()
    assert app.text_area(key=f"words-{first}").value == FIRST


def test_a_link_to_an_answer_of_another_branch_shows_that_branch(
    app: AppTest, application: Application
) -> None:
    first = ask(app, application, FIRST)
    (answer,) = answers(application)
    edit(app, application, first, OTHER)
    app.query_params["a"] = answer
    app.run()
    assert FIRST in said(app) and "1 / 2" in said(app)


def test_a_summary_has_no_words_to_edit(app: AppTest, application: Application) -> None:
    first = ask(app, application, FIRST)
    (answer,) = answers(application)
    application.messages[answer].task = "summarise"
    app.run()
    assert f"reword-{first}" not in [button.key for button in app.button]


def test_pinned_conversations_stand_first(app: AppTest, application: Application) -> None:
    ask(app, application, FIRST)
    app.query_params["c"] = ""
    app.run()
    ask(app, application, OTHER)
    old, _ = application.conversations
    assert rows(app) == [f"**{OTHER}**", FIRST]
    application.conversations[old].pinned = True
    app.run()
    assert rows(app) == [FIRST, f"**{OTHER}**"]
    captions = [caption.value for caption in app.sidebar.caption]
    assert captions.index(ZH["sidebar.pinned"]) < captions.index(ZH["day.today"])


def rows(app: AppTest) -> list[str]:
    """The titles in the sidebar; that of the open conversation is bold."""
    found = [link.proto.label for link in app.sidebar.get("page_link")]
    return [label for label in found if FIRST in label or OTHER in label]


def message(id_: str, role: str, position: int, parent_id: str | None) -> wire.Message:
    return {"id": id_, "role": role, "position": position, "parent_id": parent_id}  # type: ignore[typeddict-item,return-value]  # what turns are made of


def test_a_turn_shows_the_variant_that_was_followed_else_the_newest() -> None:
    found = turns(
        [
            message("q0", "user", 0, None),
            *(message(f"a{n}", "assistant", 1, "q0") for n in (0, 1)),
            message("q1", "user", 2, "a0"),
            *(message(f"b{n}", "assistant", 3, "q1") for n in (0, 1)),
        ]
    )
    assert [(turn.question["id"], turn.place) for turn in found] == [("q0", 0), ("q1", 1)]
