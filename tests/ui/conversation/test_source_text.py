"""A document's text is shown with its tables drawn, and says what was left out."""

from streamlit.testing.v1 import AppTest

from app.api.routes.document_tables import TableOut, table_out
from app.api.routes.documents import NoticeOut
from app.services.library.document_tables import TablePart
from ingest.parsers import parse
from ingest.types import Document
from tests.ingest.tables.table_files import docx_table
from tests.ui.pages import said
from tests.ui.stand_in.service import Application
from ui.parts.source.text import drawn
from ui.words.texts import words

ROWS = [["Cell", "Charge", ""], ["", "full", "rest"], ["A<1>", "4.2", ""], ["", "", "3.6"]]
MERGES = [(0, 0, 1, 0), (0, 1, 0, 2), (2, 0, 3, 0)]


def read() -> tuple[Document, TableOut]:
    document = parse(docx_table(ROWS, MERGES), "a.docx")
    (table,) = document.tables
    return document, table_out(TablePart(0, table, tuple(table.cells(document.text))))


def test_a_table_is_drawn_with_its_spans_and_the_cited_row_marked() -> None:
    document, table = read()
    at = document.text.index("| A<1> | | 3.6")
    spans = [(at, at + 20, "cited")]
    html = drawn("Before.\n\n" + document.text, -9, spans, [table.model_dump()])
    assert html == (
        'Before.<table class="zw-table">'
        '<tr><th rowspan="2">Cell</th><th colspan="2">Charge</th></tr>'
        "<tr><th>full</th><th>rest</th></tr>"
        '<tr><td rowspan="2">A&lt;1&gt;</td><td>4.2</td><td></td></tr>'
        '<tr><td></td><td><mark class="cited">3.6</mark></td></tr></table>'
    )


def test_a_caption_that_stands_in_the_text_is_shown_once() -> None:
    document, table = read()
    table.caption = "Charges"
    cells = [table.model_dump()]
    assert "<caption>Charges</caption>" in drawn("Before.\n\n" + document.text, -9, [], cells)
    shown = drawn("Charges\n\n" + document.text, -9, [], cells)
    assert shown.startswith("Charges<table")
    assert "<caption>" not in shown


def test_a_part_of_a_table_shows_its_head_and_what_reaches_into_it() -> None:
    document, _ = read()
    (table,) = document.tables
    at = document.text.index("3.6")
    part = table_out(TablePart(0, table, tuple(table.cells(document.text, at, at + 3))))
    html = drawn(document.text[at:], at, [], [part.model_dump()])
    assert html.endswith("<tr><td>A&lt;1&gt;</td><td></td><td>3.6</td></tr></table>")


def test_an_opened_document_shows_its_tables_and_its_reading_report(
    app: AppTest, application: Application
) -> None:
    document, table = read()
    base_id = next(iter(application.bases))
    stored = application.add_document(base_id, "cells.docx", document.text.encode(), "ready")
    stored.notices = [NoticeOut(code="hidden_rows", count=3, detail="Sheet_1")]
    application.tables_of[stored.id] = [table]
    app.session_state["dialog"] = {"name": "document", "id": stored.id}
    app.run()
    assert not app.exception
    shown = "".join(str(part.value) for part in app.get("html"))
    assert '<th colspan="2"><mark class="passage">Charge</mark></th>' in shown
    assert '<td rowspan="2">A&lt;1&gt;</td>' in shown
    zh = words("zh")
    assert app.expander[0].label == zh["notice.title"].format(n=1)
    assert zh["notice.hidden_rows"].format(n=3) + r": Sheet\_1" in said(app)
