"""Tables below each other on a sheet: where one ends and the next begins."""

import pytest

from ingest.parsers import parse
from tests.ingest.tables.table_files import sheet_file


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
