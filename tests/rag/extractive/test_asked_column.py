"""Which column a question asks for."""

import pytest

from app.rag.extractive.asked_column import asks_for_key, column_asked, eras
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
DEVICES = Table(
    ("设备", "存放地点", "责任人", "购入日期", "原值（元）", "保修期"),
    (
        ("叉车", "仓库", "张勇", "2021-11-20", "78000", "12个月"),
        ("空压机", "一车间", "刘伟", "2022-03-08", "23500", "24个月"),
    ),
    whole=True,
)
SHIFTS = Table(
    ("日期", "星期", "白班", "夜班"),
    (("12月3日", "星期四", "孙丽", "周杰"), ("12月4日", "星期五", "吴刚", "郑华")),
    whole=True,
)
CHECKS = Table(
    ("年龄", "体检项目", "频次", "费用"),
    (("30岁以下", "基础套餐", "两年一次", "280元"), ("30岁以上", "标准套餐", "每年一次", "460元")),
    whole=True,
)
PAY = Table(
    ("岗位", "转正工资", "话费补贴"), (("技术员", "6800", "50"), ("仓管员", "5000", "20")), True
)
TERMS = Table(
    ("Model", "Warranty", "Price", "Return period"),
    (("HG-200", "24 months", "$380", "30 days"), ("HS-T10", "12 months", "$25", "14 days")),
    whole=True,
)
GOODS = Table(("品名", "单价"), (("网关", "2680"), ("传感器", "168")), whole=True)
TASKS = Table(
    ("事项", "完成日期"), (("采购服务器", "12月20日"), ("客户回访", "12月5日")), whole=True
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
        (DEVICES, "叉车放哪儿了", "存放地点"),
        (DEVICES, "空压机多少钱", "原值（元）"),  # its head says of what its numbers are
        (GOODS, "网关能便宜多少", None),  # not what it costs
        (GOODS, "网关的价格含税吗", None),  # nor yes or no
        (DEVICES, "空压机谁家生产的", None),  # no person
        (DEVICES, "空压机保几个月", "保修期"),  # 日期 is no length of time
        (DEVICES, "空压机保多久", "保修期"),
        (SHIFTS, "星期四夜班是谁", "夜班"),  # 星期 stands in the name of a row alone
        (CHECKS, "30岁以下体检多少钱", "费用"),  # 体检 is no head
        (CHECKS, "30岁以下体检多久一次", "频次"),
        (PAY, "技术员转正多少钱", "转正工资"),  # numbers may be money
        (TERMS, "How long is the warranty of the HG-200?", "Warranty"),  # by its cells
        (TASKS, "采购服务器花多少天", None),  # a date is no length of time
        (TASKS, "客户回访要多久", None),
    ],
)
def test_the_column_is_told_by_its_head_or_by_what_is_asked(
    table: Table, question: str, head: str | None
) -> None:
    column = column_asked(table, question)
    assert (None if column is None else table.head[column]) == head


@pytest.mark.parametrize(
    ("table", "question", "asks"),
    [
        (SHIFTS, "孙丽几号值班", False),  # 白班 and 夜班 are half named
        (
            Table(("Day", "Engineer"), (("Monday", "Ann"), ("Friday", "Eve")), True),
            "When is Eve on call?",
            True,
        ),
        (DEVICES, "什么时候买的空压机", False),
    ],
)
def test_the_key_may_be_what_is_asked_for(table: Table, question: str, asks: bool) -> None:
    assert asks_for_key(table, question) == asks


def test_columns_before_and_after_are_paired() -> None:
    assert eras(PRICES) == [(1, 3), (2, 4)]
    assert eras(SHIPPING) == []
