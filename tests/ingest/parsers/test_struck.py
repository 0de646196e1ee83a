"""Struck text, hidden text and notes of Word, slides and Rich Text."""

import io

import pytest
from pptx import Presentation
from pptx.util import Inches

from ingest.parsers import parse
from ingest.parsing.options import reading
from ingest.types import Notice
from tests.ingest.parsers.word_files import para, run, word_xml

STRUCK = (Notice("struck_text", 1),)


@pytest.mark.parametrize("mark", ["<w:strike/>", '<w:dstrike w:val="1"/>'])
def test_struck_runs_of_word(mark: str) -> None:
    kept = run("天", '<w:strike w:val="0"/>')
    body = para(run("账期 ") + run("30", mark) + run("60 ") + kept)
    document = parse(word_xml(body), "a.docx")
    assert (document.text, document.notices) == ("账期 60 天", STRUCK)


def test_runs_of_word_in_a_style_that_strikes_or_hides() -> None:
    styles = (
        '<w:style w:type="character" w:styleId="Old"><w:rPr><w:strike/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Note"><w:rPr><w:vanish/></w:rPr></w:style>'
    )
    old, kept = '<w:rStyle w:val="Old"/>', '<w:rStyle w:val="Old"/><w:strike w:val="0"/>'
    body = para(run("质保 ") + run("6", old) + run("18 ") + run("个月", kept))
    body += para(run("底价", '<w:rStyle w:val="Note"/>') + run("含税"))
    document = parse(word_xml(body, styles=styles), "a.docx")
    assert document.text == "质保 18 个月\n\n含税"
    assert {notice.code for notice in document.notices} == {"struck_text", "hidden_text"}


def test_struck_runs_of_slides() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    box = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(1))
    for text, strike in (("账期 ", "noStrike"), ("30", "sngStrike"), ("60 天", "")):
        made = box.text_frame.paragraphs[0].add_run()
        made.text = text
        if strike:
            made.font._element.set("strike", strike)
    stream = io.BytesIO()
    deck.save(stream)
    document = parse(stream.getvalue(), "a.pptx")
    assert (document.text, document.notices) == ("账期 60 天", STRUCK)


def rtf(source: str) -> bytes:
    styles = r"{\stylesheet{\s1\strike Old;}{\s2\v Gone;}}"
    return (r"{\rtf1\ansi\ansicpg936" + styles + source + r"\par}").encode()


@pytest.mark.parametrize(
    "source",
    [
        r"Due in {\strike 30}60 days",
        r"Due in \strike\b 30\strike0\b0 60 days",
        r"Due in {\striked1 3\u48?}60 days",
        r"Due in \strike 30\plain 60 days",
    ],
)
def test_struck_text_of_rich_text(source: str) -> None:
    document = parse(rtf(source), "a.rtf")
    assert (document.text, document.notices) == ("Due in 60 days", STRUCK)


def test_hidden_text_of_rich_text() -> None:
    source = r"Valid ten days{\v , floor 90\'d4 percent}.\par {\xe\v index}Freight included"
    document = parse(rtf(source), "a.rtf")
    assert document.text == "Valid ten days.\nFreight included"
    assert document.notices == (Notice("hidden_text", 1),)
    with reading(hidden=True):
        assert "floor 90" in parse(rtf(source), "a.rtf").text


def test_notes_of_rich_text_are_read_where_they_are_called() -> None:
    source = (
        r"Free of charge{\super\chftn{\footnote\pard\plain {\super\chftn } Once a\par year.}}"
        r" for \'d4\'b1\'b9\'a4{\footnote \'bd\'f6\'cf\'de\'b1\'be\'c8\'cb}\par "
        r"{\trowd\cellx1000\cellx2000\intbl A{\footnote Net.}\cell B\cell\row}"
    )
    document = parse(rtf(source), "a.rtf")
    assert (
        " ".join(document.text.split())
        == (
            "Free of charge (Note 1: Once a year.) for 员工（注2：仅限本人） A (Note 3: Net.) | B"
        ).replace("A (Note 3", "| A (Note 3")
        + " |"
    )
