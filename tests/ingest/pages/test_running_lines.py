"""What repeats at the edges of pages, and what only looks as if it did."""

from collections.abc import Callable

import pytest

from ingest.pages.lines import Line
from ingest.pages.running import without_running_lines
from ingest.parsers import parse
from tests.ingest.files import pdf_file

BODY = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]


def kept(count: int, *lines: Callable[[int], str]) -> list[list[str]]:
    """What stays of pages that all have these lines."""
    pages = [[Line(line(number)) for line in lines] for number in range(1, count + 1)]
    return [[line.text for line in page] for page in without_running_lines(pages)]


def body(number: int) -> str:
    return f"Text about {BODY[number - 1]} goes here."


@pytest.mark.parametrize(
    "title",
    [
        lambda n: "Annual report 2031",
        lambda n: f"保养手册 V3　第 {n} 页 共 6 页",
        lambda n: f"Works manual | {n + 4}",
        lambda n: f"{n} Works manual for line 4",
        lambda n: f"Page {n} of 6, internal",
    ],
)
def test_running_titles_stay_once(title: Callable[[int], str]) -> None:
    pages = kept(6, title, body, lambda n: "Middle.", body)
    assert pages[0][0] == title(1)
    assert all(title(n) not in page for n, page in enumerate(pages[1:], start=2))
    assert all(body(n) in page for n, page in enumerate(pages, start=1))


@pytest.mark.parametrize(
    "number",
    [lambda n: f"- {n} -", lambda n: f"{n + 11}", lambda n: f"第{n}页", lambda n: f"{n}/6"],
)
def test_page_numbers_are_dropped(number: Callable[[int], str]) -> None:
    pages = kept(6, body, lambda n: "Middle.", body, number)
    assert not any(number(n) in page for n, page in enumerate(pages, start=1))


@pytest.mark.parametrize(
    "number",
    [
        lambda n: f"出厂编号：PV-31{n:02}",
        lambda n: f"Delivery note 88{n:03}",
        lambda n: f"Lot: {n}",
        lambda n: f"样品 {n * 7}",
    ],
)
def test_records_of_one_page_keep_all_that_repeats(number: Callable[[int], str]) -> None:
    pages = kept(
        5, number, lambda n: "Gate pass", body, lambda n: "Valid for 10 days", lambda n: "Dock 2"
    )
    for n, page in enumerate(pages, start=1):
        assert page[0] == number(n)
        assert "Valid for 10 days" in page and "Dock 2" in page


def test_values_that_come_back_now_and_then_stay() -> None:
    results = ["通过", "退回", "通过", "通过", "退回", "通过"]
    pages = kept(6, body, lambda n: "Middle.", body, lambda n: f"结果：{results[n - 1]}")
    assert [page[-1] for page in pages] == [f"结果：{result}" for result in results]


def test_figures_alone_on_their_line_are_no_page_numbers() -> None:
    amounts = [310, 42, 977, 58]
    pages = kept(4, body, lambda n: "Middle.", body, lambda n: str(amounts[n - 1]))
    assert [page[-1] for page in pages] == ["310", "42", "977", "58"]


def test_running_titles_of_a_pdf() -> None:
    pages = [
        [("Annual report 2024", 9), (f"Fact {word} is here.", 12), (f"- {number} -", 9)]
        for number, word in enumerate(["one", "two", "three", "four"], start=1)
    ]
    document = parse(pdf_file(pages), "a.pdf")
    text = document.text
    assert [(one.code, one.count) for one in document.notices] == [("running_lines", 7)]
    assert text.count("Annual report") == 1 and "- 3 -" not in text
    assert all(f"Fact {word} is here." in text for word in ("one", "two", "four"))
