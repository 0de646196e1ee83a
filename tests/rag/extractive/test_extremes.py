"""Questions that compare rows, or count them."""

import pytest

from app.rag.extractive.cell import cell_asked_for
from app.rag.extractive.table import Table
from tests.rag.extractive.test_asked_column import PRICES, SHIPPING

ORDERS = Table(
    ("单号", "客户", "金额", "交期"),
    (
        ("K-1", "青禾书坊", "3,680.00", "2027-03-14"),
        ("K-2", "白鹭印社", "12,150.50", "2027-04-02"),
        ("K-3", "山月画廊", "", "2027-02-20"),
    ),
    whole=True,
)
HALLS = Table(("Hall", "Seats", "Deposit"), (("Oak", "120", "90"), ("Elm", "45", "30")), whole=True)


@pytest.mark.parametrize(
    ("table", "question", "told"),
    [
        (ORDERS, "哪个客户的金额最大？", "白鹭印社（金额 12,150.50）"),
        (ORDERS, "金额最小的是哪一单？", "K-1（金额 3,680.00）"),
        (ORDERS, "哪个客户的交期最早？", "山月画廊（交期 2027-02-20）"),
        (SHIPPING, "续件最贵的是哪里？", "外省（续件 6 元）"),
        (PRICES, "哪一项便宜了？", "保养（调整前 / 价格 320，调整后 / 价格 300）"),
        (HALLS, "Which hall has the most seats?", "Oak (Seats 120)"),
        (HALLS, "the hall with the fewest seats: name the hall", "Elm (Seats 45)"),
        (ORDERS, "金额最大的客户", "白鹭印社（金额 12,150.50）"),
        (HALLS, "Which hall asks for the lowest deposit?", "Elm (Deposit 30)"),
    ],
)
def test_rows_are_compared(table: Table, question: str, told: str) -> None:
    cell = cell_asked_for([table], question)
    assert cell is not None and cell.text == told


@pytest.mark.parametrize(
    ("table", "question"),
    [
        (ORDERS, "最多可以退多少钱？"),  # a limit, not a row
        (HALLS, "What is the most that the Elm costs?"),  # of one row
        (Table(HALLS.head, HALLS.rows, whole=False), "Which hall has the most seats?"),
        (
            Table(("城市", "人口"), (("甲", "10 万"), ("乙", "10 万")), whole=True),
            "哪个城市人口最多？",
        ),
        (Table(("件", "重"), (("甲", "3 kg"), ("乙", "未称")), whole=True), "哪一件最重？"),
    ],
)
def test_what_cannot_be_compared_is_not(table: Table, question: str) -> None:
    assert cell_asked_for([table], question) is None


def test_the_row_that_is_named_is_not_compared_with_others() -> None:
    prices = Table(("Drink", "Price"), (("Tea", "5 euros"), ("Coffee", "9 euros")), whole=True)
    cell = cell_asked_for([prices], "What is the latest price of tea?")
    assert cell is not None and cell.value == "5 euros"


def test_a_row_is_counted_without_the_head() -> None:
    cell = cell_asked_for([HALLS], "What stands in row 2?")
    assert cell is not None and cell.text == "Elm (45, 30)"
    cell = cell_asked_for([ORDERS], "第三行的客户是谁？")
    assert cell is not None and cell.value == "山月画廊"
    assert cell_asked_for([HALLS], "What stands in row 9?") is None
    numbered = Table(("Row", "Name"), (("3", "Ann"), ("4", "Bob"), ("5", "Cid")), whole=True)
    cell = cell_asked_for([numbered], "Who sits in row 3?")
    assert cell is not None and cell.value == "Ann"
    rest = Table(HALLS.head, HALLS.rows, whole=False)  # its first rows may be missing
    assert cell_asked_for([rest], "What stands in row 2?") is None


def test_a_row_is_found_by_what_stands_in_it() -> None:
    cell = cell_asked_for([ORDERS], "白鹭印社下的是哪一单？")
    assert cell is not None and cell.text == "K-2（白鹭印社，客户）"
    cell = cell_asked_for([HALLS], "Which hall has 45 seats?")
    assert cell is not None and cell.text == "Elm (45, Seats)"
    cell = cell_asked_for([ORDERS], "三月十四号交的是哪一单？")
    assert cell is not None and cell.value == "K-1"
