"""Equations in Word files, as linear text."""

import pytest

from ingest.parsers import parse
from tests.ingest.parsers.word_files import field, para, run, word_xml


def read(data: bytes, name: str = "a.docx") -> str:
    return parse(data, name).text


def math(content: str) -> str:
    return f"<m:oMath>{content}</m:oMath>"


def letters(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("content", "written"),
    [
        (
            f"<m:f><m:num>{letters('a+b')}</m:num><m:den>{letters('c')}</m:den></m:f>",
            "(a+b)/c",
        ),
        (f"<m:sSup><m:e>{letters('x')}</m:e><m:sup>{letters('n+1')}</m:sup></m:sSup>", "x^(n+1)"),
        (f"<m:sSub><m:e>{letters('k')}</m:e><m:sub>{letters('2')}</m:sub></m:sSub>", "k_2"),
        (
            f"<m:rad><m:radPr/><m:deg>{letters('3')}</m:deg><m:e>{letters('V')}</m:e></m:rad>",
            "3√(V)",
        ),
        (
            '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
            f"<m:sub>{letters('i=1')}</m:sub><m:sup>{letters('n')}</m:sup>"
            f"<m:e>{letters('q')}</m:e></m:nary>",
            "∑_(i=1)^n q",
        ),
        (
            '<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr>'
            f"<m:e>{letters('0,1')}</m:e></m:d>",
            "[0,1]",
        ),
    ],
)
def test_equations_as_linear_text(content: str, written: str) -> None:
    text = read(word_xml(para(run("取 ") + math(content) + run(" 为限"))))
    assert text == f"取 {written} 为限"


def test_fractions_and_roots_of_older_versions_are_written() -> None:
    body = run("取 ") + field(r"EQ \f(5,16)") + run(" 寸，阶数 ") + field(r"EQ \r(3,27)")
    assert parse(word_xml(para(body)), "a.docx").text == "取 5/16 寸，阶数 ³√(27)"
