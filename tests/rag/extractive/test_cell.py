"""An answer that is a cell of a table comes with the rows that the question leaves open."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.rag.extractive.cell import cell_asked_for, may_be_cell, with_its_row
from app.rag.extractive.quote import Quoter
from app.rag.extractive.table import Table, tables_of
from app.rag.types import Passage
from tests.rag.passages import chunks_of, passage

LEAVE = (
    "年假按司龄计算：\n\n司龄 | 年假天数\n满 1 年不满 3 年 | 7 天\n满 3 年不满 5 年 | 10 天\n"
    "满 5 年 | 12 天"
)
REST = "满 10 年 | 15 天\n\n申请 3 天及以内的年假，应提前 2 个工作日提出。"
OTHERS = (
    "假别 | 天数 | 说明\n产假 | 158 天 | 难产增加 15 天\n陪产假 | 15 天 | 3 个月内使用\n"
    "丧假 | 3 天 | 父母、配偶、子女去世\n\n请假须提前申请。"
)
ALLOWANCE = (
    "城市类别 | 伙食补贴 | 市内交通\n一类：上海 | 120 | 60\n二类：杭州 | 100 | 60\n\n按自然日计算。"
)
MANUAL = "Light | Meaning\nPOWER off | no supply\nCLOUD red | no connection\n\nCall us."


def leave() -> list[Passage]:
    first, second = chunks_of("d1", [LEAVE, REST])
    return [second, replace(first), passage("别的文件。", number=7)]


@pytest.mark.parametrize(
    ("answer", "question", "told"),
    [
        # another row than the one that is asked about
        ("3天", "产假有几天？", "158 天（产假，天数）"),
        ("158 天。", "陪产假有几天？", "15 天（陪产假，天数）"),
        # the row that is asked about
        ("158天", "产假有几天？", "158天"),
        # several
        ("3 天", "丧假和产假各几天？", "天数：产假，158 天；丧假，3 天"),
        # none: it depends
        ("120元", "餐补每天多少钱？", "伙食补贴：一类：上海，120；二类：杭州，100"),
        ("100", "去上海出差餐补多少？", "120（一类：上海，伙食补贴）"),
        ("120", "去上海出差餐补多少？", "120（一类：上海，伙食补贴）"),
        (
            "no supply",
            "What does it mean?",
            "Meaning: POWER off, no supply; CLOUD red, no connection",
        ),
        # words of the question behind it
        ("15 天陪产假", "产假和陪产假有几天？", "天数：产假，158 天；陪产假，15 天"),
        ("15 天陪产假", "陪产假有几天？", "15 天陪产假"),
        # a row as it stands there
        ("丧假 | 3 天", "丧假有几天？", "丧假，3 天，父母、配偶、子女去世"),
        (
            "丧假 | 3 天 | 父母、配偶、子女去世",
            "产假和丧假各几天？",
            "产假，158 天，难产增加 15 天；丧假，3 天，父母、配偶、子女去世",
        ),
        # no cell, or the first of a row
        ("产假", "哪种假最长？", "产假"),
        ("请假须提前申请", "请假要怎样？", "请假须提前申请"),
        ("", "产假有几天？", ""),
    ],
)
def test_a_cell_is_told_with_its_rows(answer: str, question: str, told: str) -> None:
    tables = list(tables_of([passage(OTHERS), passage(ALLOWANCE, 2), passage(MANUAL, 3)]))
    assert with_its_row(answer, tables, question) == told


def test_a_table_over_two_chunks_is_one() -> None:
    first, second = leave()[1], leave()[0]
    carried = replace(second, headings=("3.1 年假", "司龄 | 年假天数"))
    (table,) = tables_of([carried, first])
    assert (len(table.rows), table.whole) == (4, True)
    assert with_its_row("12天", [table], "年假有几天？").endswith("满 5 年，12 天；满 10 年，15 天")


def test_of_several_tables_the_one_that_is_asked_about_counts() -> None:
    years = passage(LEAVE + "\n满 10 年 | 15 天\n\n完。", number=2)
    tables = list(tables_of([years, passage(OTHERS, number=3)]))
    assert with_its_row("15 天", tables, "陪产假有几天？") == "15 天"
    assert with_its_row("15 天", tables, "产假有几天？") == "158 天（产假，天数）"
    assert with_its_row("15 天", tables, "年假有几天？").startswith("年假天数：满 1 年不满 3 年")
    # 3 months are named in the other table too
    told = with_its_row("15 天年假", tables, "满三年有几天年假？")
    assert told == "10 天（满 3 年不满 5 年，年假天数）"


def test_a_row_that_is_not_named_whole_is_told_with_the_answer() -> None:
    rows = "陪产假 | 15 天 | 3 个月内使用\n丧假 | 3 天 | 父母、配偶、子女去世"
    rest = replace(passage(rows), headings=("其他假期", "假别 | 天数 | 说明"))
    tables = list(tables_of([rest]))
    assert with_its_row("15天", tables, "产假有几天？") == "15 天（陪产假，天数）"
    assert with_its_row("15天", tables, "陪产假有几天？") == "15天"


def test_where_rows_may_be_missing_the_cells_own_row_is_told() -> None:
    first = leave()[1]
    (table,) = tables_of([first])
    assert not table.whole
    assert with_its_row("12天", [table], "年假有几天？") == "12 天（满 5 年，年假天数）"
    long = passage(
        "型号 | 价格\n" + "\n".join(f"A{n} | {n}0 元" for n in range(1, 30)) + "\n\n完。"
    )
    (table,) = tables_of([long])
    assert with_its_row("70元", [table], "价格是多少？") == "70 元（A7，价格）"


def test_numbers_in_words_name_a_row() -> None:
    tables = list(tables_of([leave()[1]]))
    told = with_its_row("12天", tables, "入职满三年有几天年假？")
    assert told == "10 天（满 3 年不满 5 年，年假天数）"


def test_what_may_become_a_cell_is_held_back() -> None:
    tables = list(tables_of([passage(OTHERS)]))
    assert may_be_cell("15", tables, "")
    assert may_be_cell("父母、配偶、子", tables, "")
    assert not may_be_cell("父母、兄弟", tables, "")
    assert may_be_cell("产假 | 15", tables, "")
    assert not may_be_cell("产假有", tables, "")
    assert may_be_cell("15 天陪产", tables, "陪产假有几天？")

    quoter = Quoter([passage(OTHERS)], "产假有几天？")
    assert [quoter.feed(piece) for piece in ("3", " 天")] == ["", ""]
    assert quoter.finish() == "158 天（产假，天数）"

    quoter = Quoter([passage(OTHERS)], "丧假适用于谁？")
    said = [quoter.feed(piece) for piece in ("父母、配偶、子女去", "世的员工")]
    assert said == ["", "父母、配偶、子女去世的员工"]
    assert quoter.finish() == ""


def test_a_quoted_row_is_told_too() -> None:
    quoter = Quoter([passage(OTHERS)], "丧假和产假各几天？")
    assert quoter.feed("丧假和产假各几天？") == ""
    assert quoter.finish() == "产假，158 天，难产增加 15 天；丧假，3 天，父母、配偶、子女去世"


def test_without_tables_nothing_is_looked_for() -> None:
    assert list(tables_of([passage("甲 | 乙\n一 | 二"), passage("没有表格。", 2)])) == []


@pytest.mark.parametrize(
    ("answer", "question", "told"),
    [
        ("7天", "司龄两年的员工有几天年假？", "7 天（满 1 年不满 3 年，年假天数）"),
        ("12 天", "工作了5年有几天年假？", "12 天（满 5 年，年假天数）"),
        # the model copied another row than the one that is meant
        ("满 1 年不满 3 年 | 7 天", "司龄四年有几天年假？", "满 3 年不满 5 年，10 天"),
        # a calendar year is no length of service: it depends
        (
            "7天",
            "2026年有几天年假？",
            "年假天数：满 1 年不满 3 年，7 天；满 3 年不满 5 年，10 天；满 5 年，12 天",
        ),
    ],
)
def test_an_amount_means_the_row_whose_range_holds_it(
    answer: str, question: str, told: str
) -> None:
    tables = list(tables_of([passage(LEAVE + "\n\n完。", number=2)]))
    assert with_its_row(answer, tables, question) == told


def test_an_amount_of_another_unit_means_no_row() -> None:
    table = "Length of service | Leave\nup to 2 years | 7 days\nmore than 2 years | 9 days\n\nEnd."
    tables = list(tables_of([passage(table)]))
    both = "Leave: up to 2 years, 7 days; more than 2 years, 9 days"
    assert with_its_row("7 days", tables, "How much leave is there after 3 years?") == (
        "9 days (more than 2 years, Leave)"
    )
    assert with_its_row("7 days", tables, "How much leave is there after 3 months?") == both


HOTELS = (
    "住宿每晚上限 180 美元。\n\n城市类别 | 员工 | 经理 | 总监及以上\n"
    "一类：北京、上海 | 500 | 650 | 900\n二类：省会城市 | 400 | 520 | 700\n\n展会期间可上浮。"
)
PARTS = "型号 | 起订量 | 备注\nHS-T10 | 10 | 寿命约 3 年\nHS-S30 | 5 | 线长 5 米\n\n含税。"
LIGHTS = (
    "Light | Colour | Meaning\nCLOUD | green | connected\nCLOUD | blinking red | no internet\n"
    "CLOUD | steady red | expired\n\nEnd."
)


def test_the_cell_of_another_column_than_the_named_one_gives_way_to_it() -> None:
    tables = list(tables_of([passage(HOTELS)]))
    told = with_its_row("500", tables, "总监去上海住宿上限多少？")
    assert told == "900（一类：北京、上海，总监及以上）"
    assert with_its_row("500", tables, "去上海住宿上限多少？") == "500（一类：北京、上海，员工）"


def test_a_named_column_without_a_cell_changes_nothing() -> None:
    table = "型号 | 单价（元） | 保修（月）\nHG-200 | 2680 | 24\nSW-PRO | 3600 |\n\n含税。"
    tables = list(tables_of([passage(table)]))
    assert with_its_row("3600", tables, "SW-PRO 保修多久？") == "3600"
    assert cell_asked_for(tables, "SW-PRO 保修多久？") is None


def test_a_number_with_its_unit_is_not_the_bare_one_where_both_are_there() -> None:
    tables = list(tables_of([passage(PARTS)]))
    assert with_its_row("5 米", tables, "线有多长？") == "5 米"
    assert with_its_row("5", tables, "HS-S30 起订量是多少？") == "5"


def test_rows_with_the_same_key_are_told_with_what_tells_them_apart() -> None:
    tables = list(tables_of([passage(LIGHTS)]))
    told = with_its_row("expired", tables, "What does a blinking red CLOUD light mean?")
    assert told == "no internet (CLOUD, blinking red, Meaning)"


def test_a_cell_is_asked_for_where_its_row_and_its_column_are_named() -> None:
    tables = list(tables_of([passage(HOTELS), passage(PARTS, 2)]))
    cell = "500（一类：北京、上海，员工）"
    assert told(tables, "普通员工去上海住酒店报销多少？") == cell
    assert cell_asked_for(tables, "员工去拉萨住酒店报销多少？") is None
    assert cell_asked_for(tables, "去上海住酒店报销多少？") is None
    # two tables have one
    assert cell_asked_for([*tables, *tables], "普通员工去上海住酒店报销多少？") is None


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        # what no source holds
        (("700", " 美元"), "500（一类：北京、上海，员工）"),
        # the right cell with what the source does not say
        (("最多报销 ", "500 美元"), "500（一类：北京、上海，员工）"),
        # what a source holds is left alone
        (("住宿每晚上限 ", "180 美元"), "住宿每晚上限 180 美元"),
    ],
)
def test_what_no_source_holds_gives_way_to_the_cell(said: tuple[str, ...], shown: str) -> None:
    quoter = Quoter([passage(HOTELS)], "普通员工去上海住酒店报销多少？")
    assert [quoter.feed(piece) for piece in said] == ["", ""]
    assert quoter.finish() == shown


def told(tables: Sequence[Table], question: str) -> str:
    """The cell that the question asks for, with its row and column."""
    cell = cell_asked_for(tables, question)
    assert cell is not None
    return cell.text


GAUGES = (
    "仪表台账\n\n| | 量程 | 检定 / 内 | 检定 / 外 | 合计 |\n| 压力表 | | 三月 | | 4 |\n"
    "| 温度计 | 150 ℃ | | 五月 | =B2+C2 |\n| 合计 | | 2 | | |\n\n每年一次。"
)


@pytest.mark.parametrize(
    ("question", "cell"),
    [
        ("激光切割机在哪", "一车间（E1，激光切割机，地点）"),
        ("激光切割机归哪个人管", "刘伟（E1，激光切割机，责任人）"),
        ("叉车归哪位管", "张勇（E2，叉车，责任人）"),
        ("激光切割机比叉车贵多少", None),
        ("叉车贵了几块", None),
    ],
)
def test_which_is_asked_of_things_alone(question: str, cell: str | None) -> None:
    text = (
        "编号 | 设备 | 地点 | 责任人 | 单价\nE1 | 激光切割机 | 一车间 | 刘伟 | 900元\n"
        "E2 | 叉车 | 仓库 | 张勇 | 780元\n\n完。"
    )
    found = cell_asked_for(list(tables_of([passage(text)])), question)
    assert (found.text if found else None) == cell


def test_the_day_of_a_row_is_asked_for() -> None:
    text = "| 星期 | 午餐 | 晚餐 |\n| 周一 | 红烧肉 | 凉面 |\n| 周三 | 清蒸鱼 | 水饺 |"
    tables = list(tables_of([passage(text)]))
    assert told(tables, "哪天有清蒸鱼") == "周三（清蒸鱼，午餐）"


def test_rows_keep_their_empty_cells() -> None:
    (table,) = tables_of([passage(GAUGES)])
    assert table.head == ("", "量程", "检定 / 内", "检定 / 外", "合计")
    assert table.rows[0] == ("压力表", "", "三月", "", "4")
    assert told([table], "温度计的量程是多少？") == "150 ℃（温度计，量程）"
    assert cell_asked_for([table], "压力表的量程是多少？") is None
    # a level of one character tells two heads apart; the head that is asked for is no row
    assert told([table], "温度计检定外是几月？") == "五月（温度计，检定 / 外）"
    assert told([table], "温度计的合计是多少？") == "=B2+C2（温度计，合计）"


def test_a_table_goes_on_under_the_head_that_its_chunk_carries() -> None:
    rest = replace(passage("| 压力表 | | 三月 |\n| 温度计 | 150 ℃ | |"),
                   headings=("仪表", "| | 量程 | 检定 |"))  # fmt: skip
    (table,) = tables_of([rest])
    assert table.head == ("", "量程", "检定")
    assert table.rows[1] == ("温度计", "150 ℃", "")


def test_nothing_is_said_for_an_empty_cell() -> None:
    quoter = Quoter([passage(GAUGES)], "压力表的量程是多少？")
    assert [quoter.feed(piece) for piece in ("150", " ℃")] == ["", ""]
    assert quoter.finish() == ""
    # what a sentence says stands
    told = passage(GAUGES.replace("每年一次。", "压力表的量程为 2 MPa。"))
    quoter = Quoter([told], "压力表的量程是多少？")
    assert quoter.feed("2 MPa") + quoter.finish() == "2 MPa"
    # a column that is not named is not asked for
    quoter = Quoter([passage(GAUGES)], "压力表放在哪里？")
    assert quoter.feed("三月") + quoter.finish() != ""
