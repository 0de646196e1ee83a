"""Which row and which column of a table a question is about."""

import pytest

from app.rag.extractive.asked_column import column_asked
from app.rag.extractive.lookup import rows_identified, rows_named
from app.rag.extractive.table import Table, tables_of
from tests.rag.passages import passage

HOTELS = (
    "城市类别 | 员工 | 经理 | 总监及以上\n一类：北京、上海、广州、深圳 | 500 | 650 | 900\n"
    "二类：省会城市、计划单列市 | 400 | 520 | 700\n三类：其他城市 | 300 | 400 | 550"
)
PRICES = (
    "型号 | 名称 | 类别 | 单价（元） | 保修（月）\n"
    "HG-200 | 温室网关（以太网版） | 网关 | 2680 | 24\n"
    "HG-200L | 温室网关（4G 版） | 网关 | 3180 | 24\n"
    "SW-BASIC | 禾云平台基础版（每年） | 软件 | 1200 |\n"
    "SW-PRO | 禾云平台专业版（每年） | 软件 | 3600 |"
)
LIGHTS = (
    "Light | Colour | Meaning\nPOWER | green | normal\nCLOUD | green | connected\n"
    "CLOUD | blinking red | no internet\nCLOUD | steady red | expired"
)


def table(text: str) -> Table:
    (found,) = tables_of([passage(text + "\n\n完。")])
    return found


@pytest.mark.parametrize(
    ("text", "column", "question", "keys"),
    [
        # an item of the first cell, also before 及以上 and the like
        (HOTELS, 1, "去上海出差住宿报销多少？", ["一类：北京、上海、广州、深圳"]),
        (HOTELS, 3, "总监在二类城市住宿上限多少？", ["二类：省会城市、计划单列市"]),
        # as a whole word: HG-200 is not named by HG-200L
        (PRICES, 3, "HG-200L 多少钱？", ["HG-200L"]),
        (PRICES, 3, "HG-200 和 HG-200L 各多少钱？", ["HG-200", "HG-200L"]),
        # in another cell than the first
        (PRICES, 3, "禾云平台专业版一年多少钱？", ["SW-PRO"]),
        # a whole cell names every row that has it, an item of it only where it is one row's own
        (PRICES, 3, "网关多少钱？", ["HG-200", "HG-200L"]),
        (PRICES, 3, "每年多少钱？", []),
        (HOTELS, 1, "去拉萨出差住宿报销多少？", []),
    ],
)
def test_the_row_that_is_meant(text: str, column: int, question: str, keys: list[str]) -> None:
    assert [row[0] for row in rows_identified(table(text), column, question)] == keys


def test_years_are_keys_and_running_numbers_are_none() -> None:
    years = table("年份 | 收入\n2023 | 120 万元\n2024 | 140 万元")
    assert rows_identified(years, 1, "2024 年的收入是多少？") == [("2024", "140 万元")]
    numbered = table("序号 | 项目 | 天数\n11 | 打样 | 7 天\n12 | 试产 | 9 天")
    assert rows_identified(numbered, 2, "12 天之内做什么？") == []


AGES = "年龄 | 费用\n30岁以下 | 280元\n30岁以上 | 460元\n45岁以上 | 880元"
LIMITS = "金额 | 审批人\n1000元以下 | 经理\n10000元以上 | 总经理"
SERVICE = "工龄 | 年假天数\n不满1年 | 0天\n满1年不满10年 | 5天"


@pytest.mark.parametrize(
    ("text", "question", "keys"),
    [
        (AGES, "50岁体检多少钱", ["45岁以上"]),  # the narrower of two
        (AGES, "40岁体检多少钱", ["30岁以上"]),
        (LIMITS, "800块谁批", ["1000元以下"]),
        (LIMITS, "2万元谁批", ["10000元以上"]),
        (SERVICE, "不满一年有几天", ["不满1年"]),
        ("人数 | 半天\n20人以下 | 300\n20至50人 | 600", "30个人半天多少", ["20至50人"]),
    ],
)
def test_amounts_as_they_are_said(text: str, question: str, keys: list[str]) -> None:
    assert [row[0] for row in rows_identified(table(text), 1, question)] == keys


def test_rows_with_the_same_key_are_told_apart_by_the_rest() -> None:
    rows = rows_identified(table(LIGHTS), 2, "What does a blinking red CLOUD light mean?")
    assert rows == [("CLOUD", "blinking red", "no internet")]
    assert len(rows_identified(table(LIGHTS), 2, "What does the CLOUD light mean?")) == 3


def test_where_none_is_meant_rows_are_named_by_rare_terms() -> None:
    named = rows_named(table(PRICES), 3, "软件平台多少钱？")
    assert [row[0] for row in named] == ["SW-BASIC", "SW-PRO"]
    assert rows_named(table(HOTELS), 1, "补贴是多少？") == []


@pytest.mark.parametrize(
    ("text", "question", "column"),
    [
        (HOTELS, "总监在一类城市住宿每晚上限多少元？", 3),
        (HOTELS, "普通员工住酒店报销多少？", 1),
        (HOTELS, "住酒店报销多少？", None),
        (HOTELS, "员工和经理各报销多少？", None),
        (PRICES, "HG-200 的单价是多少？", 3),
        (LIGHTS, "What does it mean?", 2),
    ],
)
def test_the_column_that_is_named(text: str, question: str, column: int | None) -> None:
    assert column_asked(table(text), question) == column
