"""Lines of a scan: those that were wrapped are one paragraph, those of a form are not."""

import pytest

from ingest.pages.layout import add_pages
from ingest.pages.lines import Line
from ingest.parsing.builder import DocumentBuilder

FORM = ("设备验收单", "设备名称空气压缩机", "额定排气量每分钟六立方米", "保修期限为十八个月")
WRAPPED = (
    "  本厂所有易燃物品应当单独存放并",
    "配备灭火器，退货商品须贴红色标签后",
    "放入隔离区",
)
TWO = (
    "采购流程从部门提出申请开始经预算核对以后",
    "交由采购员询价",
    "仓库每月末盘点一次差异超过千分之三的应当",
    "当日上报",
)
ENGLISH = (
    "The compressor is to be inspected by",
    "the maintenance crew twice a year and",
    "after every repair; the results are",
    "kept with the machine",
)
ITEMS = ("Name of the tenant Ada Lin", "Unit 14 B", "Rent paid until the end of June")


def read(lines: tuple[str, ...]) -> list[str]:
    """Paragraphs of a scan with these lines; letters are 10 points wide, Latin ones 5."""
    builder = DocumentBuilder(b"", "scan.pdf", "application/pdf")
    page = []
    for number, line in enumerate(lines):
        left = 50.0 + 10 * (len(line) - len(line.lstrip()))
        text = line.strip()
        width = sum(5 if char.isascii() else 10 for char in text)
        page.append(Line(text, left=left, right=left + width, bottom=700 - 16.0 * number))
    add_pages(builder, [page])
    return builder.build().text.split("\n\n")


@pytest.mark.parametrize(
    ("lines", "paragraphs"),
    [
        (FORM, [*FORM[:2], FORM[2] + FORM[3]]),  # nothing tells that the widest line has ended
        (WRAPPED, ["".join(line.strip() for line in WRAPPED)]),
        (TWO, [TWO[0] + TWO[1], TWO[2] + TWO[3]]),
        (ENGLISH, [" ".join(ENGLISH)]),
        (ITEMS, [ITEMS[0], ITEMS[1], ITEMS[2]]),
    ],
)
def test_a_line_ends_where_the_next_word_had_room(
    lines: tuple[str, ...], paragraphs: list[str]
) -> None:
    assert read(lines) == paragraphs
