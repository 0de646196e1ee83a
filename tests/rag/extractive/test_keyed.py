"""A line of a list is told by the number that the question names."""

import pytest

from app.rag.extractive.keyed import keyed_line
from app.rag.extractive.quote import Quoter
from tests.rag.passages import passage

LIST = """第 1 条，每周擦拭面板，编号 K3107。
第 2 条，每月校准秤，编号 K3108。
第 3 条，每年换油，编号 K3109。
"""


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("编号 K3108 的要求是什么？", "第 2 条，每月校准秤，编号 K3108。"),
        ("k3109 说的是什么？", "第 3 条，每年换油，编号 K3109。"),
        ("K3110 说的是什么？", ""),
        ("多久校准秤？", ""),
    ],
)
def test_the_line_with_the_number_is_found(question: str, line: str) -> None:
    assert keyed_line([passage(LIST)], question) == line


def test_the_first_code_of_a_line_is_its_own() -> None:
    pumps = [passage("P-10A 泵：接口 DN25。\n\nP-20A 泵：接口 DN40。\n\nP-30A 泵：接口 DN25。")]
    assert keyed_line(pumps, "P-20A 的接口多大？") == "P-20A 泵：接口 DN40。"
    assert not keyed_line(pumps, "哪些泵是 DN25 的？")


def test_a_text_that_says_a_number_once_is_no_list() -> None:
    assert not keyed_line([passage("K3108 是一台秤。\n它每月校准。")], "K3108 多久校准？")


@pytest.mark.parametrize(
    ("written", "shown"),
    [("每周擦拭面板。", "第 2 条，每月校准秤，编号 K3108。"), ("每月校准秤。", "每月校准秤。")],
)
def test_what_another_line_says_gives_way_to_it(written: str, shown: str) -> None:
    quoter = Quoter([passage(LIST)], "编号 K3108 的要求是什么？")
    assert quoter.feed(written) + quoter.finish() == shown
