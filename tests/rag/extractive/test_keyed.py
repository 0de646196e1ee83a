"""A line of a list is told by the number that the question names."""

import pytest

from app.rag.extractive.fields import records_of
from app.rag.extractive.keyed import (
    clause_asked_for,
    form_asked_for,
    keyed_line,
    names_unknown_code,
)
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


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("K3110 说的是什么？", True),
        ("k-3109 说的是什么？", False),
        ("K3109 和 K3110 说的是什么？", False),  # one is known
        ("AB-7 说的是什么？", False),  # no code is like it
        ("多久校准秤？", False),
    ],
)
def test_a_code_that_no_source_has_is_noticed(question: str, unknown: bool) -> None:
    assert names_unknown_code([passage(LIST)], question) == unknown


def test_nothing_is_told_of_another_code() -> None:
    prices = passage("| 型号 | 价格 |\n| HG-200 | 2680 |\n| HG-300 | 3180 |\n\n含税。")
    quoter = Quoter([prices], "HG-500多少钱")
    assert quoter.feed("2680") + quoter.finish() == ""


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


NOTES = """单号：SJ-4031

| 送货人 | 冉冉 | 车牌 | 川A·8801 |
| 货物 | 砂轮 | 数量 | 40 片 |
| 收货人 | 温良 | 日期 | 8月9日 |

单号：SJ-4037

| 送货人 | 石磊 | 车牌 | 川A·8802 |
| 货物 | 皮带 | 数量 | |
| 收货人 | | 日期 | |
"""


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("砂轮", "单号：SJ-4037，送货人：石磊，车牌：川A·8802，货物：皮带"),
        ("SJ-4037", "单号：SJ-4037，送货人：石磊，车牌：川A·8802，货物：皮带"),
        ("皮带轮胎", "单号：SJ-4037，送货人：石磊，车牌：川A·8802，货物：皮带"),
        ("皮带", "皮带"),
        ("石磊送的皮带。", "石磊送的皮带。"),
    ],
)
def test_what_another_form_says_gives_way_to_the_one_named(written: str, shown: str) -> None:
    quoter = Quoter([passage(NOTES)], "SJ-4037 送的是什么？")
    assert quoter.feed(written) + quoter.finish() == shown


def test_a_sentence_of_another_source_stays() -> None:
    rules = passage("破损的货物在七日内退换。", 2)
    quoter = Quoter([passage(NOTES), rules], "SJ-4037 破损了多久之内能退换？")
    assert quoter.feed("七日内退换") + quoter.finish() == "七日内退换"


@pytest.mark.parametrize("question", ["SJ-4073 送的是什么？", "SJ-4031 和 SJ-4037 送的是什么？"])
def test_a_number_of_no_form_or_of_several_names_none(question: str) -> None:
    assert form_asked_for(list(records_of([passage(NOTES)])), question) is None


LEASE = """仓库租赁合同

第一条 租赁物为城东的二号仓库。

第二条 租金每月一万二千元，按季度预付。

第三条 押金为两个月租金，退租后十日内退还。

3.1 损坏从押金中扣除。

第四条 违约

1. 拖欠租金满一个月的，可以解除合同。
"""
TERMS = """Article 2: The rent is due on the first of the month.

4.2 The deposit is returned within ten days.

Section 5 Fees
"""


@pytest.mark.parametrize(
    ("text", "question", "clause"),
    [
        (LEASE, "租赁合同第三条规定了什么？", "第三条 押金为两个月租金，退租后十日内退还。"),
        (LEASE, "合同第 3 条的内容是什么？", "第三条 押金为两个月租金，退租后十日内退还。"),
        (LEASE, "第 3.1 款怎么说？", "3.1 损坏从押金中扣除。"),
        (LEASE, "第三条规定押金是多少？", ""),  # asks for more than the clause
        (LEASE, "第四条是什么？", ""),  # a heading
        (LEASE, "第 1 款是什么？", ""),  # any item of a list may have that number
        (LEASE, "第九条规定了什么？", ""),
        (
            TERMS,
            "What does article 2 say?",
            "Article 2: The rent is due on the first of the month.",
        ),
        (TERMS, "What is in clause 4.2?", "4.2 The deposit is returned within ten days."),
        (TERMS, "When is the rent due under article 2?", ""),
        (TERMS, "What is section 5 about?", ""),
    ],
)
def test_a_clause_is_told_whole_where_its_number_is_all_that_is_asked(
    text: str, question: str, clause: str
) -> None:
    assert clause_asked_for([passage(text)], question) == clause


def test_a_clause_stands_in_place_of_its_end() -> None:
    quoter = Quoter([passage(LEASE)], "租赁合同第三条规定了什么？")
    shown = quoter.feed("两个月租金，退租后十日内退还。") + quoter.finish()
    assert shown == "第三条 押金为两个月租金，退租后十日内退还。"
