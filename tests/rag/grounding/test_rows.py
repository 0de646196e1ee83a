"""Rows of tables: whose number it is, in which unit, and what follows from several of them."""

import pytest

from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.types import Check
from tests.rag.passages import passage

PRICES = """价目表
| 型号 | 规格 | 单价（元） | 重量（kg） | 起订量 | 交期 |
| A-10 | 100×50 mm | 12.5 | 14 | 500 件 | 7 天 |
| B-20 | 200×80 mm | 35 | 19 | 100 件 | 15 天 |
| B-25 | 250×80 mm | 42 | 26 | 100 件 | 20 天 |
价格不含税，税率 13%。"""
TRAVEL = """| 职级 | 住宿（元/晚） | 餐补（元/天） |
| 总监 | 600 | 150 |
| 经理 | 450 | 120 |"""


def checks(question: str, answer: str, source: str = PRICES) -> tuple[Check, ...]:
    return EmbeddedChecker().check(question, answer, [passage(source)])


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("B-25 的单价？", "42 元", "35 元"),
        ("B-20 的交期多久？", "15 天", "20 天"),
        ("B-20 的交期多久？", "B-20 交期为 15 天。", "B-20 交期为 7 天。"),
        ("B-25 的起订量？", "B-25 的起订量为 100 件。", "B-25 的起订量为 500 件。"),
        ("A-10 的规格？", "100×50 mm", "200×80 mm"),
        ("B-25 多重？", "26 公斤", "19 公斤"),
        ("B-25 多重？", "26,000 g", "14,000 g"),
    ],
)
def test_a_number_is_of_the_row_that_is_named(question: str, right: str, wrong: str) -> None:
    (held,) = checks(question, right)
    (other,) = checks(question, wrong)
    assert held.verdict == "supported"
    assert held.sources[0].text.startswith(f"| {question[:4]}")
    assert other.verdict in ("contradicted", "unsupported")


@pytest.mark.parametrize(
    ("source", "table", "expected"),
    [
        (PRICES, "| 型号 | 单价 | 交期 |\n|---|---|---|\n| A-10 | 12.5 元 | 7 天 |", True),
        (PRICES, "| 型号 | 单价 | 交期 |\n|---|---|---|\n| A-10 | 42 元 | 20 天 |", False),
        (TRAVEL, "| 职级 | 住宿 | 餐补 |\n|---|---|---|\n| 总监 | 600 元/晚 | 150 元/天 |", True),
        (TRAVEL, "| 职级 | 住宿 | 餐补 |\n|---|---|---|\n| 总监 | 450 元/晚 | 120 元/天 |", False),
    ],
)
def test_a_cell_is_of_the_row_of_its_name(source: str, table: str, expected: bool) -> None:
    for check in checks("列出标准", table, source):
        assert (check.verdict == "supported") is expected


@pytest.mark.parametrize(
    "answer",
    [
        "B-25 比 B-20 贵 7 元。",
        "B-25 与 B-20 的重量相差 7 千克。",
        "500 × 12.5 = 6,250 元（A-10）。",
    ],
)
def test_what_follows_from_cells_is_computed(answer: str) -> None:
    (check,) = checks("", answer)
    assert check.verdict == "computed"


def test_a_name_over_a_column_leaves_all_rows() -> None:
    table = "| 项目 | A10 | A20 |\n| 重量 | 12 kg | 18 kg |\n| 价格 | 900 元 | 1300 元 |"
    (check,) = checks("A20 的价格？", "A20 的价格为 1300 元。", table)
    assert (check.verdict, check.sources[0].text[:4]) == ("supported", "| 价格")


def test_a_clause_that_names_another_thing_is_not_about_this_one() -> None:
    source = "XJ-5 每 6 个月保养一次，XJ-8 每 12 个月保养一次。"
    (right,) = checks("", "XJ-5 每半年保养一次。", source)
    (wrong,) = checks("", "XJ-5 每 12 个月保养一次。", source)
    assert (right.verdict, wrong.verdict) == ("supported", "contradicted")
