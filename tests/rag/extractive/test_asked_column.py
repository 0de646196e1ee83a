"""Which column a question asks for."""

import pytest

from app.rag.extractive.asked_column import column_asked, eras
from app.rag.extractive.table import Table

PRICES = Table(
    ("服务", "调整前 / 价格", "调整前 / 工时", "调整后 / 价格", "调整后 / 工时"),
    (("换胎", "80", "1", "95", "1"), ("保养", "320", "3", "300", "2")),
    whole=True,
)
DUTY = Table(
    ("岗位", "上午", "下午", "夜间", "负责人", "电话", "启用日期"),
    (
        ("东门", "甲", "", "乙", "丙", "6602", "2027-01-05"),
        ("西门", "", "丁", "戊", "己", "6603", ""),
    ),
    whole=True,
)
SHIPPING = Table(
    ("目的地", "首件", "续件", "时效"),
    (("本市", "8 元", "2 元", "当日"), ("外省", "15 元", "6 元", "三日")),
    whole=True,
)
STORE = Table(
    ("Item", "Shelf", "Price", "Opened"),
    (("Rake", "B4", "12 pounds", "3 May 2027"), ("Hoe", "B5", "9 pounds", "4 May 2027")),
    whole=True,
)


BREADS = Table(
    ("Bread", "Flour", "Water", "Price"),
    (("Rye", "500 g", "200 ml", "3 euros"), ("Oat", "400 g", "150 ml", "4 euros")),
    whole=True,
)
COFFEE = Table(
    ("When", "Coffee", "Holiday"), (("Monday", "30", "no"), ("Friday", "20", "yes")), True
)


@pytest.mark.parametrize(
    ("table", "question", "head"),
    [
        (PRICES, "换胎现在什么价？", "调整后 / 价格"),
        (PRICES, "换胎原来多少钱？", "调整前 / 价格"),
        (PRICES, "换胎多少钱？", None),  # before or after
        (DUTY, "谁管东门？", "负责人"),
        (DUTY, "东门打哪个号码？", "电话"),
        (DUTY, "西门晚上是哪个人值班？", "负责人"),
        (DUTY, "东门什么时候启用的？", "启用日期"),
        (SHIPPING, "寄到外省多久能到？", "时效"),
        (SHIPPING, "外省首件收多少？", "首件"),
        (SHIPPING, "外省怎么样？", None),
        (STORE, "How much is the rake?", "Price"),
        (BREADS, "How much water do I need for rye?", "Water"),  # not money
        (BREADS, "When I bake oat, how much flour?", "Flour"),  # asks for no date
        (DUTY, "东门谁的电话是多少？", None),  # names one column, asks for another
        (COFFEE, "What does tea cost on Monday?", None),  # no fee in Coffee, no day in Holiday
        (STORE, "When was the hoe put out?", "Opened"),
    ],
)
def test_the_column_is_told_by_its_head_or_by_what_is_asked(
    table: Table, question: str, head: str | None
) -> None:
    column = column_asked(table, question)
    assert (None if column is None else table.head[column]) == head


def test_columns_before_and_after_are_paired() -> None:
    assert eras(PRICES) == [(1, 3), (2, 4)]
    assert eras(SHIPPING) == []
