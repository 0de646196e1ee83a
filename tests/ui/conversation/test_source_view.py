"""The drawer of a source: its page with the words outlined, or its text; chips that differ."""

import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from app.api.routes.document_pages import BoxOut, PageBoxesOut
from app.api.routes.health import ToReadOut
from tests.serving import serving
from tests.ui.conftest import until
from tests.ui.stand_in.service import Application
from tests.ui.test_pages import answers, go, said, settle
from ui import passed_on
from ui.parts.source import sources
from ui.parts.source.text import drawn
from ui.words.texts import words

ZH = words("zh")


def asked(app: AppTest, application: Application) -> str:
    """The id of an answer with sources."""
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    (answer_id,) = answers(application)
    return answer_id


def with_pages(application: Application, answer_id: str) -> str:
    """The document of the answer's first source, which has three pages from now on."""
    document_id = application.messages[answer_id].passages[0].document_id
    application.documents[document_id].page_count = 3
    boxes = [BoxOut(x0=0.1, y0=0.2, x1=0.9, y1=0.24)]
    application.boxes_of[document_id] = [PageBoxesOut(page=2, width=595, height=842, boxes=boxes)]
    return document_id


def open_source(app: AppTest, answer_id: str) -> AppTest:
    return app.button(key=f"chip-{answer_id}-1").click().run()


def viewer(app: AppTest) -> dict[str, Any] | None:
    """What the page viewer was given."""
    for element in app.get("bidi_component"):
        if element.proto.component_name.endswith("zhiwen_page"):
            return dict(json.loads(element.proto.json))
    return None


def shown_text(app: AppTest) -> str:
    return "".join(
        str(part.value) for part in app.get("html") if 'class="zw-source"' in str(part.value)
    )


def test_a_source_with_pages_opens_at_the_page_of_the_cited_words(
    app: AppTest, application: Application
) -> None:
    answer_id = asked(app, application)
    document_id = with_pages(application, answer_id)
    open_source(app, answer_id)
    assert not app.exception
    data = viewer(app)
    assert data is not None
    assert (data["first"], data["count"]) == (2, 3)
    assert data["address"] == f"/zhiwen/pages/{document_id}"
    assert {box[0] for box in data["pages"]["2"]} == {"passage", "cited"}
    assert ["cited", 0.1, 0.2, 0.9, 0.24] in data["pages"]["2"]
    assert not shown_text(app)
    assert ZH["source.legend_page"] in said(app)


def test_the_text_is_there_as_well(app: AppTest, application: Application) -> None:
    answer_id = asked(app, application)
    with_pages(application, answer_id)
    open_source(app, answer_id)
    app.session_state["source-view"] = "text"
    app.run()
    assert viewer(app) is None
    assert 'class="cited"' in shown_text(app)


def test_a_source_without_pages_is_shown_as_text(app: AppTest, application: Application) -> None:
    open_source(app, asked(app, application))
    assert not app.exception
    assert viewer(app) is None
    assert 'class="cited"' in shown_text(app)


def test_a_passage_of_several_parts_is_known_again(app: AppTest, application: Application) -> None:
    answer_id = asked(app, application)
    with_pages(application, answer_id)
    first = application.messages[answer_id].passages[0]
    text = application.text(first.document_id)
    first.end = text.index("\n\n", first.end + 2)  # the next paragraph as well
    first.text = text[first.start : first.end].replace("\n\n", "\n ")
    open_source(app, answer_id)
    assert viewer(app) is not None
    assert ZH["source.read_again"] not in said(app)


def test_a_document_that_reads_otherwise_now_shows_what_the_answer_was_based_on(
    app: AppTest, application: Application
) -> None:
    answer_id = asked(app, application)
    document_id = with_pages(application, answer_id)
    application.bytes_of[document_id] = b"Something else altogether."
    open_source(app, answer_id)
    assert not app.exception
    assert ZH["source.read_again"] in said(app)
    assert viewer(app) is None
    assert "十天" in shown_text(app) and "altogether" not in shown_text(app)


def test_a_removed_document_still_shows_the_passage(app: AppTest, application: Application) -> None:
    answer_id = asked(app, application)
    application.documents.pop(with_pages(application, answer_id))
    open_source(app, answer_id)
    assert not app.exception
    assert ZH["source.removed"] in said(app)
    assert "十天" in shown_text(app)


def passage(**values: object) -> Any:
    usual = {"document_name": "员工手册.docx", "page": None, "headings": [], "text": "正文"}
    return {**usual, **values}


def test_two_chips_of_one_file_differ() -> None:
    passages = [
        passage(headings=["手册", "年假"]),
        passage(headings=["手册", "病假"]),
        passage(headings=["手册", "病假"], text="病假\n\n病假须提交医院证明，逾期不补。"),
        passage(headings=["手册", "病假"], text="病假工资按基本工资的八成发放。"),
        passage(document_name="a.pdf", page=3, headings=["手册"]),
        passage(headings=["手册", "住宿标准", "| 城市 | 员工 |"]),
    ]
    found = sources.labels(passages, [1, 2, 3, 4, 5, 6])
    bare = [label.partition(" · ")[2] for label in found.values()]
    assert len(set(bare)) == len(bare)
    assert "年假" in found[1]
    assert "病假须提交医院证明" in found[3]
    assert found[5].startswith("5 · a")
    assert found[6].endswith("住宿标准"), "the head of a table is no section"


def test_headings_of_a_text_are_drawn_and_escaped() -> None:
    text = "A <b>\n\nYears of A <b> count.\n"
    html = drawn(text, 0, [(7, 12, "cited")], [], ["A <b>"])
    assert html == (
        '<span class="zw-heading">A &lt;b&gt;</span>\n\n'
        '<mark class="cited">Years</mark> of A &lt;b&gt; count.'
    )


def test_the_right_source_is_chosen_by_its_own_words(
    app: AppTest, application: Application
) -> None:
    answer_id = asked(app, application)
    app.session_state["dialog"] = {"name": "feedback", "message_id": answer_id, "found": []}
    app.run()
    assert not app.exception
    choice = app.radio(key=f"feedback-right_chunk_id-{answer_id}")
    passages = application.messages[answer_id].passages
    assert len(choice.options) == len({p.chunk_id for p in passages})
    captions = list(choice.proto.captions)
    assert any("入职满一年" in caption or "十天" in caption for caption in captions)
    assert all(len(caption) > 0 for caption in captions)
    choice.set_value(passages[1].chunk_id).run()
    until(lambda: bool(application.messages[answer_id].feedback))
    feedback = application.messages[answer_id].feedback
    assert feedback is not None and feedback.right_chunk_id == passages[1].chunk_id


def test_the_status_says_what_is_still_to_be_read_again(
    app: AppTest, application: Application
) -> None:
    go(app, "status")
    assert ZH["status.to_read_again"].partition("}")[2] not in said(app)
    application.to_read_again = ToReadOut(waiting=4, failed=1)
    app.run()
    assert ZH["status.to_read_again"].format(n=4) in said(app)
    assert ZH["status.not_read_again"].format(n=1) in said(app)


PAGE = b"RIFF a page"


async def _api_page(request: Request) -> Response:
    if request.headers.get("if-none-match") == '"tag"':
        return Response(status_code=304, headers={"ETag": '"tag"'})
    if request.path_params["page"] > 1:
        return JSONResponse({"detail": "There is no such page.", "code": "not_found"}, 404)
    assert request.query_params["width"] == "800"
    headers = {"ETag": '"tag"', "Cache-Control": "private, no-cache", "Set-Cookie": "a=b"}
    return Response(PAGE, media_type="image/webp", headers=headers)


async def _api_file(request: Request) -> Response:
    if request.path_params["key"] != "0123abcd":
        return JSONResponse({"detail": "There is no document.", "code": "not_found"}, 404)
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''a.md", "Set-Cookie": "a=b"}
    return Response(b"# original", media_type="text/markdown", headers=headers)


@pytest.fixture
def interface_of_pages() -> Any:
    api = Starlette(
        routes=[
            Route("/api/documents/{key}/pages/{page:int}", _api_page),
            Route("/api/documents/{key}/file", _api_file),
        ]
    )
    with serving(api) as url, TestClient(Starlette(routes=passed_on.routes(url))) as client:
        yield client


def test_pages_are_passed_on_with_what_caches_need(interface_of_pages: TestClient) -> None:
    address = f"/{passed_on.PAGES}/0123abcd/1?width=800"
    page: httpx.Response = interface_of_pages.get(address)
    assert (page.status_code, page.content) == (200, PAGE)
    assert page.headers["content-type"] == "image/webp"
    assert page.headers["cache-control"] == "private, no-cache"
    assert page.headers["cross-origin-resource-policy"] == "same-origin"
    assert "set-cookie" not in page.headers
    again = interface_of_pages.get(address, headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_refusals_are_passed_on(interface_of_pages: TestClient) -> None:
    missing = interface_of_pages.get(f"/{passed_on.PAGES}/0123abcd/2?width=800")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    for odd in ("..%2f..%2fstatus", "UPPER", "a.b"):
        assert interface_of_pages.get(f"/{passed_on.PAGES}/{odd}/1").status_code == 404


def test_an_original_is_passed_on_as_a_download(interface_of_pages: TestClient) -> None:
    file: httpx.Response = interface_of_pages.get(f"/{passed_on.FILES}/0123abcd?lang=zh")
    assert (file.status_code, file.content) == (200, b"# original")
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["content-length"] == "10"
    assert "set-cookie" not in file.headers


def test_an_original_that_is_gone_is_said_in_words(interface_of_pages: TestClient) -> None:
    for language in ("zh", "en"):
        gone = interface_of_pages.get(f"/{passed_on.FILES}/0123ffff?lang={language}")
        assert (gone.status_code, gone.text.strip()) == (404, words(language)["source.gone"])
    assert interface_of_pages.get(f"/{passed_on.FILES}/..%2fstatus?lang=xx").status_code == 404


def test_an_api_that_is_down_is_a_bad_gateway() -> None:
    with TestClient(Starlette(routes=passed_on.routes("http://127.0.0.1:9"))) as client:
        assert client.get(f"/{passed_on.PAGES}/0123abcd/1").status_code == 502
        assert client.get(f"/{passed_on.FILES}/0123abcd").status_code == 502
