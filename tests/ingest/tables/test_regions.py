"""Tables below each other on a sheet: where one ends and the next begins."""

import pytest

from ingest.parsers import parse
from tests.ingest.tables.read_tables import rows_of
from tests.ingest.tables.table_files import Rows, sheet_file


@pytest.mark.parametrize("blank", [1, 3])
@pytest.mark.parametrize("more", [["备注", "已付", "组长", "王芳"], ["", "", "", ""]])
def test_a_head_over_the_only_numbers_begins_another_table(blank: int, more: list[str]) -> None:
    first, second = [["项目", "金额"], ["房租", 100]], [["部门", "人数"], ["销售", 5]]
    one, two = ([[*row, end] for row, end in zip(rows, ends, strict=True)]
                for rows, ends in ((first, more[:2]), (second, more[2:])))  # fmt: skip
    rows = [*one, *([[]] * blank), *two]
    tables = parse(sheet_file(rows), "a.xlsx").tables
    assert [table.numbers for table in tables] == [(1, 2), (3 + blank, 4 + blank)]
    assert [table.head_row_count for table in tables] == [1, 1]


@pytest.mark.parametrize("text", ["待定", "not yet", "—", "免费", "N/A"])
def test_a_missing_number_behind_a_blank_row_begins_no_table(text: str) -> None:
    rows = [["课程", "学费"], ["游泳", 300], [], ["围棋", text], ["书法", 260]]
    (table,) = parse(sheet_file(rows), "a.xlsx").tables
    assert table.numbers == (1, 2, 4, 5)


def test_a_name_like_those_above_it_begins_no_table() -> None:
    rows = [["机房", "空调"], ["甲机房", 2], [], ["丙机房", "外包"], ["丁机房", 1]]
    (table,) = parse(sheet_file(rows), "a.xlsx").tables
    assert table.numbers == (1, 2, 4, 5)


def test_halves_of_a_table_around_covered_columns_stay_together() -> None:
    rows = [
        ["施工队：", "二队", "", "", "", "6月3日"],
        ["编号", "工作内容", "", "", "", "工时", "人数"],
        [1, "吊装风管", "", "", "", 16, 4],
        [2, "敷设桥架", "", "", "", 24, 6],
        [3, "调试水泵", "", "", "", 8, 2],
    ]
    merges = [(row, 1, row, 4) for row in range(1, 5)]
    document = parse(sheet_file(rows, merges), "a.xlsx")
    assert rows_of(document)[:2] == [
        "| 编号 | 工作内容 | 工时 | 人数 |",
        "| 1 | 吊装风管 | 16 | 4 |",
    ]


def test_halves_with_the_same_names_are_two_tables() -> None:
    rows = [
        ["车间：", "三车间", "", "", "六月"],
        ["成品", "上月", "本月", "", "半成品", "上月", "本月"],
        ["支架", 210, 198, "", "毛坯", 640, 702],
        ["压板", 96, 104, "", "铸件", 88, 91],
        ["导轨", 35, 41, "", "锻件", 17, 12],
    ]
    tables = parse(sheet_file(rows), "a.xlsx").tables
    assert [table.column_count for table in tables] == [3, 3]


def test_a_head_of_numbers_below_a_heading_begins_another_table() -> None:
    rows = [
        ["户号", "水量", "水费"],
        ["0101", 12, 42],
        ["0102", 9, 31.5],
        ["燃气"],
        ["户号", "气量", "气费"],
        ["0101", 31, 93],
        ["0102", 27, 81],
    ]
    tables = parse(sheet_file(rows), "a.xlsx").tables
    assert [table.numbers for table in tables] == [(1, 2, 3), (5, 6, 7)]
    goes_on = [*rows[:3], ["二号楼"], ["0201", "表坏", "另算"], ["0202", 14, 49], ["合计"]]
    (table,) = parse(sheet_file(goes_on), "a.xlsx").tables
    assert table.head_row_count == 1 and len(table.numbers) == 7


def test_numbered_titles_part_tables_of_words() -> None:
    rows = [
        ["（一）值班"],
        ["班次", "负责人", "电话簿"],
        ["早班", "祁连", "甲册"],
        [],
        ["（二）钥匙"],
        ["地点", "保管人", "备份"],
        ["泵房", "骆宾", "传达室"],
    ]
    tables = parse(sheet_file(rows), "a.xlsx").tables
    assert [(table.caption, table.numbers) for table in tables] == [
        ("（一）值班", (2, 3)),
        ("（二）钥匙", (6, 7)),
    ]


def test_an_empty_merged_cell_says_nothing_of_the_rows_above() -> None:
    rows = [["仓位", "货物", "箱数"], ["A区", "电缆", 6], [""], ["", "灯具", 3], ["", "开关", 9]]
    document = parse(sheet_file(rows, [(2, 0, 4, 0)]), "a.xlsx")
    assert rows_of(document)[-2:] == ["| | 灯具 | 3 |", "| | 开关 | 9 |"]


def test_a_second_numbered_title_over_more_rows_begins_no_table() -> None:
    rows: Rows = [
        ["一、消防"],
        ["检查项", "结果", "检查人"],
        ["灭火器", "合格", "李"],
        ["应急灯", "合格", "李"],
        [],
        ["二、用电"],
        ["配电箱", "合格", "王"],
        ["插座", "不合格", "王"],
    ]
    (table,) = parse(sheet_file(rows), "a.xlsx").tables
    assert (table.caption, table.numbers) == ("一、消防", (2, 3, 4, 6, 7, 8))


def test_a_table_beside_another_may_begin_a_row_lower_under_a_title() -> None:
    rows: Rows = [
        ["品名", "数量", "", "人员表"],
        ["苹果", 3, "", "部门", "人数"],
        ["梨", 4, "", "人事", 6],
        ["桃", 5, "", "研发", 70],
        ["杏", 5, "", "法务", 7],
    ]
    document = parse(sheet_file(rows), "a.xlsx")
    assert [table.column_count for table in document.tables] == [2, 2]
    assert document.tables[1].caption == "人员表"
    assert rows_of(document)[:2] == ["| 品名 | 数量 |", "| 苹果 | 3 |"]
    assert rows_of(document)[-4:-2] == ["| 部门 | 人数 |", "| 人事 | 6 |"]


@pytest.mark.parametrize("missing", [("时价", "面议"), ("on request", "varies")])
def test_prices_that_are_missing_below_a_heading_are_no_head(missing: tuple[str, str]) -> None:
    rows: Rows = [
        ["菜品", "小份", "大份"],
        ["白菜", 18, 26],
        ["海鲜类"],
        ["龙虾", *missing],
        ["鲈鱼", 88, 120],
    ]
    (table,) = parse(sheet_file(rows), "a.xlsx").tables
    assert table.numbers == (1, 2, 3, 4, 5) and table.head_row_count == 1


def test_kinds_of_leave_head_a_table_of_their_own() -> None:
    rows: Rows = [
        ["姓名", "工资", "奖金"],
        ["张三", 5000, 800],
        ["李四", 5200, 900],
        ["考勤统计"],
        ["姓名", "病假", "事假"],
        ["张三", 1, 0],
        ["李四", 0, 2],
    ]
    tables = parse(sheet_file(rows), "a.xlsx").tables
    assert [table.numbers for table in tables] == [(1, 2, 3), (5, 6, 7)]


def test_years_over_the_right_half_of_a_table_do_not_begin_another() -> None:
    rows: Rows = [
        ["地区", "负责人", "", "销量", "销量"],
        ["", "", "", 2023, 2024],
        ["华东", "王", "", 120, 130],
        ["华北", "李", "", 90, 95],
    ]
    (table,) = parse(sheet_file(rows), "a.xlsx").tables
    assert table.numbers[-1] == 4
