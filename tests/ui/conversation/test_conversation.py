"""Below a conversation: what to ask next, and the whole of it as Markdown."""

from datetime import UTC

import httpx
from streamlit.testing.v1 import AppTest

from tests.ui.pages import ZH, answers, settle
from tests.ui.stand_in.service import Application
from ui.parts.conversation.suggestions import headings_of
from ui.parts.conversation.transcript import file_name, markdown

QUESTION = "年假多少天？"


def ask(app: AppTest, application: Application) -> str:
    app.chat_input(key="question").set_value(QUESTION).run()
    settle(app, application)
    return answers(application)[-1]


def test_three_questions_come_from_the_headings_of_what_was_cited(
    app: AppTest, application: Application
) -> None:
    answer_id = ask(app, application)
    headings = ["年假", "病假", "婚假", "产假", "x" * 80]
    message = application.messages[answer_id]
    for number, passage in enumerate(message.passages):
        passage.headings = ["员工休假制度", headings[number]]
    app.run()
    assert not app.exception
    offered = [b.label for b in app.button if (b.key or "").startswith(f"next-{answer_id}")]
    assert offered == [
        ZH["suggest.more"].format(heading=heading) for heading in ("病假", "婚假", "产假")
    ]
    app.session_state["task"] = "translate"
    app.run()
    app.button(key=f"next-{answer_id}-0").click().run()
    settle(app, application)
    assert application.asked[-1].question == ZH["suggest.more"].format(heading="病假")
    assert application.asked[-1].conversation_id == message.conversation_id
    assert application.asked[-1].task == "qa"


def test_nothing_is_suggested_where_nothing_was_found(
    app: AppTest, application: Application, api_url: str
) -> None:
    answer_id = ask(app, application)
    message = application.messages[answer_id]
    message.citations, message.checks = [], []
    wire = httpx.get(f"{api_url}/api/messages/{answer_id}", trust_env=False).json()
    assert headings_of(wire, QUESTION) == []


def test_a_conversation_is_a_file_with_its_sources(
    app: AppTest, application: Application, api_url: str
) -> None:
    answer_id = ask(app, application)
    message = application.messages[answer_id]
    offered = [button.proto.label for button in app.get("download_button")]
    assert offered == [ZH["transcript.download"]]
    path = f"{api_url}/api/conversations/{message.conversation_id}"
    conversation = httpx.get(path, trust_env=False).json()
    text = markdown(conversation, UTC)
    assert f"## {QUESTION}" in text
    assert message.content in text, "as the model wrote it"
    assert ZH["transcript.sources"] in text
    (cited, *_) = message.citations
    assert f"- [{cited.marker}] {cited.document_name}" in text
    assert f"  > {' '.join(cited.text.split())}" in text


def test_the_file_has_a_name_that_every_system_takes(app: AppTest) -> None:
    conversation = {"id": "1", "title": 'a/b: "c"?\n.', "messages": []}
    assert file_name(conversation) == "a b c.md"  # type: ignore[arg-type]  # what it reads
    conversation["title"] = "..."
    assert file_name(conversation) == "conversation.md"  # type: ignore[arg-type]  # what it reads
