"""An opened document or source is in the address, and opens from it again."""

from streamlit.testing.v1 import AppTest

from tests.patience import PATIENCE_S
from tests.ui.conftest import script
from tests.ui.pages import ZH, answers, go, said, settle
from tests.ui.stand_in.service import Application


def asked(app: AppTest, application: Application) -> str:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    return answers(application)[-1]


def opened_at(api_url: str, **address: str) -> AppTest:
    at = AppTest.from_function(script, args=(api_url,), default_timeout=PATIENCE_S)
    at.query_params.update({"lang": "zh", **address})
    return at.run()


def in_address(app: AppTest, name: str) -> str | None:
    found = app.query_params.get(name)
    return found[0] if isinstance(found, list) else found


def test_a_source_is_linked_with_its_number_and_forgotten_when_it_is_closed(
    app: AppTest, application: Application, api_url: str
) -> None:
    answer_id = asked(app, application)
    second = application.messages[answer_id].passages[1]
    app.button(key=f"chip-{answer_id}-1").click().run()
    assert in_address(app, "source") == f"{answer_id}-1"
    app.button(key="source-next").click().run()
    number = app.session_state["dialog"]["number"]
    assert in_address(app, "source") == f"{answer_id}-{number}" != f"{answer_id}-1"
    other = opened_at(api_url, source=f"{answer_id}-2")
    assert not other.exception
    assert second.document_name in said(other).replace("\\", "")
    assert other.session_state["dialog"]["number"] == 2
    app.session_state["dialog"] = None  # as closing it does
    app.run()
    assert in_address(app, "source") is None
    assert app.session_state["dialog"] is None


def test_a_document_is_linked_and_forgotten_when_it_is_closed(
    app: AppTest, application: Application, api_url: str
) -> None:
    document = next(iter(application.documents.values()))
    go(app, "documents")
    app.button(key=f"open-{document.id}").click().run()
    assert in_address(app, "document") == document.id
    other = opened_at(api_url, document=document.id)
    assert not other.exception
    assert ZH["document.text"] in said(other)
    go(app, "review")
    assert in_address(app, "document") is None
    assert app.session_state["dialog"] is None


def test_an_address_that_names_nothing_opens_nothing(
    app: AppTest, application: Application, api_url: str
) -> None:
    for address in ({"source": "x"}, {"source": "../../status-1"}, {"document": "../status"}):
        at = opened_at(api_url, **address)
        assert not at.exception
        assert at.session_state["dialog"] is None
        assert set(at.query_params) == {"lang"}
    gone = opened_at(api_url, document="0123abcd")
    assert not gone.exception
    assert ZH["refusal.not_found"] in said(gone)


def test_another_page_closes_the_form_of_the_page_before(
    app: AppTest, application: Application
) -> None:
    answer_id = asked(app, application)
    app.feedback(key=f"thumbs-{answer_id}").set_value(0).run()
    comment = f"feedback-comment-{answer_id}"
    assert comment in {area.key for area in app.text_area}
    go(app, "review")
    assert comment not in {area.key for area in app.text_area}
