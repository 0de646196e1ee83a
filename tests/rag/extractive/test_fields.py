"""Forms are tables: a label is a head, a record a row."""

from app.rag.extractive.fields import records_of
from app.rag.extractive.quote import Quoter
from app.rag.extractive.reader import ExtractiveReader
from tests.rag.passages import passage

NOTES = (
    "南桥货运交接单　单号 GH-7701\n\n收货人：蓝亭\n\n货物：瓷砖 40 箱\n\n件号：12\n\n"
    "南桥货运交接单　单号 GH-7702\n\n收货人：竹里馆\n\n货物：灯具 6 箱\n\n件号：13"
)
FORM = "入住登记\n\n宠物名：年糕　品种：橘猫\n\n打过疫苗：☑ 是　☐ 否\n\n已经绝育：☐ 是　☑ 否"


def test_records_with_the_same_labels_are_one_table() -> None:
    (table,) = records_of([passage(NOTES)])
    assert table.head == ("", "", "收货人", "货物", "件号")
    assert [row[1:4] for row in table.rows] == [
        ("GH-7701", "蓝亭", "瓷砖 40 箱"),
        ("GH-7702", "竹里馆", "灯具 6 箱"),
    ]


def test_a_single_line_with_a_colon_and_rows_of_tables_are_no_form() -> None:
    assert not list(records_of([passage("注意：下雨天路滑。\n\n| 甲：一 | 乙：二 |\n| 丙 | 丁 |")]))


def test_a_table_of_labels_and_values_is_a_form() -> None:
    text = (
        "登记号：RB-0131\n\n| 姓名 | 顾野 | 年龄 | 41 |\n| 套餐 | □基础 ■全面 | 备注 | |\n"
        "| 抽血 | ■空腹 □餐后 | 家属 | |\n\n"
        "登记号：RB-0113\n\n| 姓名 | 苏棠 | 年龄 | 38 |\n| 套餐 | ■基础 □全面 | 备注 | |\n"
        "| 抽血 | □空腹 ■餐后 | 家属 | |"
    )
    (table,) = records_of([passage(text)])
    assert table.head == ("", "登记号", "姓名", "年龄", "套餐", "备注", "抽血", "家属")
    assert [row[4] for row in table.rows] == ["全面", "基础"]
    quoter = Quoter([passage(text)], "RB-0113 订的什么套餐？")
    assert quoter.feed("全面套餐") == ""
    assert quoter.finish().startswith("基础（")


def test_a_table_with_heads_is_no_form() -> None:
    rota = (
        "| Day | Engineer | Backup | Phone |\n| Monday | Ann Chen | Bob Li | 5501 |\n"
        "| Friday | Eve Zhao | Dan Xu | 5503 |"
    )
    assert not list(records_of([passage(rota)]))
    quoter = Quoter([passage(rota)], "Friday on-call phone?")
    assert quoter.feed("Eve Zhao") == ""
    assert quoter.finish() == "5503 (Friday, Phone)"


def test_of_check_boxes_the_ticked_one_counts() -> None:
    (table,) = records_of([passage(FORM)])
    assert table.rows == (("入住登记", "年糕", "橘猫", "是", "否"),)
    quoter = Quoter([passage(FORM)], "年糕做过绝育没有？")
    assert quoter.feed("年糕　品种：橘猫") == ""
    assert quoter.finish() == "否（入住登记，年糕，已经绝育）"


def test_the_number_of_a_note_says_whose_goods_are_asked_for() -> None:
    reader = ExtractiveReader([passage(NOTES)], "GH-7702 的货物是什么？", {})
    assert reader.feed("瓷砖 40 箱") == ""
    assert reader.finish().startswith("灯具 6 箱（南桥货运交接单")
