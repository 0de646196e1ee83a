"""Which rows are heads, where people put more above and below a table than its cells."""

from collections.abc import Callable

import pytest

from ingest.parsers import parse
from tests.ingest.tables.read_tables import check_cells, rows_of
from tests.ingest.tables.table_files import Merges, Rows, docx_table, sheet_file

DELIVERY: Rows = [
    ["苗木送货单", "", "", "", ""],
    ["收货：", "绿源花圃", "", "单号：", "SH-118"],
    ["树种", "胸径", "株数", "单价", "备注"],
    ["香樟", "8 cm", 30, 210, ""],
    ["银杏", "", 12, 560, "带土球"],
    ["送货人：古", "", "收货人：", "", "日期："],
]
DELIVERY_TITLE = [(0, 0, 0, 4)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xlsx", sheet_file(DELIVERY, DELIVERY_TITLE)),
        ("a.docx", docx_table(DELIVERY, DELIVERY_TITLE)),
    ],
)
def test_labels_above_the_head_and_below_the_table_are_not_its_rows(name: str, data: bytes) -> None:
    document = parse(data, name)
    assert rows_of(document) == [
        "| 树种 | 胸径 | 株数 | 单价 | 备注 |",
        "| 香樟 | 8 cm | 30 | 210 | |",
        "| 银杏 | | 12 | 560 | 带土球 |",
    ]
    before, _, after = document.text.partition("| 树种")
    assert "收货： 绿源花圃\u3000单号： SH-118" in before
    assert after.endswith("送货人：古\u3000收货人：\u3000日期：")
    check_cells(document)


def test_a_title_beside_the_unit_is_no_head() -> None:
    rows: Rows = [
        ["各店营业额", "", "单位：万元"],
        ["门店", "春", "夏"],
        ["河坊店", 31, 28],
    ]
    document = parse(sheet_file(rows), "a.xlsx")
    assert rows_of(document)[0] == "| 门店 | 春 | 夏 |"
    assert document.tables[0].caption == "各店营业额\u3000单位：万元"


def test_a_form_of_labels_has_no_head_and_its_values_stand_once() -> None:
    rows: Rows = [
        ["船名：", "海燕 7", "船籍港：", "舟山"],
        ["总吨：", 298, "主机功率：", "220 kW"],
        ["船东地址：", "定海港务路 2 号", "", ""],
    ]
    document = parse(sheet_file(rows, [(2, 1, 2, 3)]), "a.xlsx")
    assert document.tables[0].head_row_count == 0
    assert rows_of(document)[2] == "| 船东地址： | 定海港务路 2 号 | | |"
    check_cells(document)


@pytest.mark.parametrize(
    ("rows", "merges", "head"),
    [
        (
            [["检测项", "限值", 2023, 2024], ["噪声", "65 dB", 61, 58]],
            (),
            "| 检测项 | 限值 | 2023 | 2024 |",
        ),
        (
            [["教练", "4/6", "4/7", "4/8", "备注"], ["石", "早", "休", "晚", ""]],
            (),
            "| 教练 | 4/6 | 4/7 | 4/8 | 备注 |",
        ),
        (
            [["护工", 29, 30, 31, 1, 2, "天数", "签字"], ["闵", "√", "√", "", "√", "√", 4, ""]],
            (),
            "| 护工 | 29 | 30 | 31 | 1 | 2 | 天数 | 签字 |",
        ),
        (
            [
                ["护工", 1, 2, 3, 4, 5, "天数"],
                ["", "一", "二", "三", "四", "五", ""],
                ["闵", "√", "√", "", "√", "√", 4],
            ],
            [(0, 0, 1, 0), (0, 6, 1, 6)],
            "| 护工 | 1 / 一 | 2 / 二 | 3 / 三 | 4 / 四 | 5 / 五 | 天数 |",
        ),
        (
            [["溶剂", "沸点", "密度"], ["", "℃", "g/mL"], ["丙酮", 56, 0.79], ["甲苯", 111, 0.87]],
            (),
            "| 溶剂 | 沸点 / ℃ | 密度 / g/mL |",
        ),
    ],
)
def test_years_days_and_units_head_columns(rows: Rows, merges: Merges, head: str) -> None:
    document = parse(sheet_file(rows, merges), "a.xlsx")
    assert rows_of(document)[0] == head
    assert len(rows_of(document)) == len(rows) - (" / " in head)


def test_years_in_a_first_row_of_many_are_values() -> None:
    rows: Rows = [["甲馆", "砖木", 1931, 1987], ["乙馆", "钢混", 1955, 2004]]
    assert parse(sheet_file(rows), "a.xlsx").tables[0].head_row_count == 0


def test_a_total_with_a_colon_stays_a_row() -> None:
    rows: Rows = [["费用", "金额"], ["水电：", 310], ["合计：", 310]]
    assert rows_of(parse(sheet_file(rows), "a.xlsx"))[-1] == "| 合计： | 310 |"


@pytest.mark.parametrize(
    "rows",
    [
        [["问题", "回答"], ["问：几点开门", "答：九点"], ["问：几点关门", "答：六点"]],
        [["馆", "开门", "关门"], ["北馆", "9:00", "17:00"], ["8：30", "9：00", "18：00"]],
        [["配方", "水灰比", "砂率"], ["1：2", "1：4", "1：5"], ["1：3", "1：4", "1：6"]],
        [["条目", "说明"], ["甲：一", "乙：二"], ["丙：三", "丁：四"], ["戊：", "己："]],
    ],
)  # fmt: skip
def test_rows_of_a_table_with_colons_in_their_cells_stay_in_it(rows: Rows) -> None:
    document = parse(sheet_file(rows), "a.xlsx")
    assert len(rows_of(document)) == len(rows)


@pytest.mark.parametrize("name", ["a.xlsx", "a.docx"])
def test_heads_that_end_in_colons_are_heads(name: str) -> None:
    rows: Rows = [["姓名：", "电话："], ["童", "4471"], ["毕", "4472"]]
    data = sheet_file(rows) if name == "a.xlsx" else docx_table(rows)
    assert parse(data, name).tables[0].head_row_count == 1


@pytest.mark.parametrize(
    "row", [["张三", 1, 1, 1, 1, 1], ["张三", 0, 1, 1, 1, 1, 1], ["张三", 1, 2, 1, 2, 1]]
)
def test_marks_that_do_not_rise_are_no_series(row: list[str | int]) -> None:
    rows: Rows = [row, ["李四", *[0] * (len(row) - 1)]]
    assert parse(sheet_file(rows), "a.xlsx").tables[0].head_row_count == 0


@pytest.mark.parametrize("nothing", ["无", "-", "n.a.", "缺考", "——", "/"])
def test_values_that_are_missing_are_no_units(nothing: str) -> None:
    rows: Rows = [["姓名", "甲", "乙"], ["", nothing, nothing], ["童", 3, 4], ["毕", 5, 6]]
    assert rows_of(parse(sheet_file(rows), "a.xlsx"))[0] == "| 姓名 | 甲 | 乙 |"


PARTICULARS: Rows = [
    ["收货单位", "柏林花店", "车号", "浙A-7K"],
    ["花材", "产地", "枝数", "金额"],
    ["洋桔梗", "元谋", 120, 264],
    ["马蹄莲", "晋宁", 80, 320],
]


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.xlsx", sheet_file(PARTICULARS)), ("a.docx", docx_table(PARTICULARS))],
)
def test_particulars_without_colons_above_the_head_are_no_head(name: str, data: bytes) -> None:
    document = parse(data, name)
    assert rows_of(document)[0] == "| 花材 | 产地 | 枝数 | 金额 |"
    assert "收货单位 柏林花店 车号 浙A-7K" in " ".join(document.text.replace("\u3000", " ").split())


def test_a_first_row_without_its_numbers_is_no_head() -> None:
    rows: Rows = [
        ["线路", "车型", "票价", "座位"],
        ["一号线", "中巴", "面议", "另询"],
        ["二号线", "大巴", 30, 45],
        ["三号线", "大巴", 36, 45],
    ]
    missing = [rows[0], ["一号线", "中巴", "待定", "无"], *rows[2:]]
    (table,) = parse(sheet_file(missing), "a.xlsx").tables
    assert table.numbers == (1, 2, 3, 4) and table.head_row_count == 1


FORM: Rows = [
    ["犬名", "豆包", "品种", "柯基"],
    ["主人", "阮青", "疫苗", "已种"],
    ["病史", "去年秋天做过一次绝育", "", ""],
]


@pytest.mark.parametrize("maker", [docx_table, sheet_file])
def test_a_form_without_colons_has_no_head(maker: Callable[[Rows, Merges], bytes]) -> None:
    name = "a.docx" if maker is docx_table else "a.xlsx"
    document = parse(maker(FORM, [(2, 1, 2, 3)]), name)
    assert document.tables[0].head_row_count == 0
    assert document.text.count("绝育") == 1


@pytest.mark.parametrize(
    "rows",
    [
        [["项目", "开始", "结束", "负责人"], ["装修", "待甲方确认", "同左", "王"],
         ["搬迁", "2024-3-1", "2024-3-5", "李"], ["验收", "2024-4-1", "2024-4-2", "李"]],
        [["姓名", "语文", "数学"], ["张三", "请假", "旷考"], ["李四", 88, 90], ["王五", 77, 81]],
        [["", "语文", "数学"], ["张三", "请假", "旷考"], ["李四", 88, 90], ["王五", 77, 81]],
        [["Route", "Fare", "Seats"], ["North", "ask driver", "varies"],
         ["South", 30, 45], ["East", 36, 45]],
    ],
    ids=["dates", "marks", "corner", "fares"],
)  # fmt: skip
def test_words_in_the_place_of_the_first_numbers_are_a_row(rows: Rows) -> None:
    (table,) = parse(sheet_file(rows), "a.xlsx").tables
    assert table.numbers == (1, 2, 3, 4) and table.head_row_count == 1


@pytest.mark.parametrize(
    ("rows", "merge"),
    [
        ([["课程", "周一", "周二", "周三"], ["上午", "语文", "数学", "英语"],
          ["中午", "大扫除", "", ""], ["下午", "体育", "美术", "音乐"]], (2, 1, 2, 3)),
        ([["功能", "基础版", "专业版", "企业版"], ["报表", "有", "有", "有"],
          ["支持", "所有版本均提供", "", ""]], (2, 1, 2, 3)),
        ([["Time", "Mon", "Tue", "Wed"], ["am", "Maths", "Art", "Maths"],
          ["noon", "Lunch", "", ""], ["pm", "Music", "Art", "Music"]], (2, 1, 2, 3)),
        ([["部门", "负责人", "电话", "备注", "级别"], ["财务", "李", "内线", "无", "A"],
          ["说明", "以上为临时安排", "", "", ""], ["人事", "王", "内线", "无", "B"]], (2, 1, 2, 4)),
    ],
    ids=["days", "editions", "english", "phones"],
)  # fmt: skip
@pytest.mark.parametrize("maker", [docx_table, sheet_file])
def test_a_wide_cell_in_a_table_of_words_makes_it_no_form(
    maker: Callable[[Rows, Merges], bytes], rows: Rows, merge: tuple[int, int, int, int]
) -> None:
    name = "a.docx" if maker is docx_table else "a.xlsx"
    (table,) = parse(maker(rows, [merge]), name).tables
    assert table.head_row_count == 1


@pytest.mark.parametrize(
    "rows",
    [
        [["甲方", "东升公司", "联系人", "张三"], ["乙方", "北辰公司", "联系人", "李四"],
         ["备注", "本单一式两份", "", ""]],
        [["甲方", "东升公司", "乙方", "北辰公司"], ["签字", "", "签字", ""],
         ["备注", "一式两份", "", ""]],
        [["Name", "Steve", "Role", "Nurse"], ["Ward", "East", "Shift", "Late"],
         ["Note", "On call at weekends", "", ""]],
    ],
    ids=["parties", "signatures", "english"],
)  # fmt: skip
def test_names_that_both_parties_have_are_those_of_a_form(rows: Rows) -> None:
    (table,) = parse(docx_table(rows, [(2, 1, 2, 3)]), "a.docx").tables
    assert table.head_row_count == 0


@pytest.mark.parametrize("particulars", [["客户", "东升制冷", "联系人", "王芳"],
                                         ["Customer", "Acme", "Buyer", "Bob"]])  # fmt: skip
def test_particulars_without_a_digit_stand_above_the_head(particulars: list[str]) -> None:
    goods: Rows = [["品名", "单价", "数量", "金额"], ["阀", 12, 3, 36], ["管", 5, 6, 30]]
    (table,) = parse(sheet_file([particulars, *goods, ["泵", 500, 6, 3000]]), "a.xlsx").tables
    assert (table.numbers[0], table.head_row_count) == (2, 1)
