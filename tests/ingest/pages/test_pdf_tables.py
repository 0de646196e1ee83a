"""Tables drawn on a PDF page come out as rows; what only looks like one does not."""

import pytest

from ingest.parsers import parse
from tests.ingest.files import drawn_pdf
from tests.ingest.pages.pages_seen import drawn_sideways, turned
from tests.ingest.parsers.test_parsers import HEADER, PARAGRAPH, ROW, blocks

BEFORE = (50, 760, "The table below lists the stock of both branches.")
AFTER = (50, 540, "Prices hold until the end of the year.")
XS, YS = (50, 200, 350, 450), (720, 690, 640, 610)
FRAME = [(x, YS[0], x, YS[-1]) for x in XS] + [(XS[0], y, XS[-1], y) for y in YS]
CELLS = [
    (55, 700, "Branch"), (205, 700, "Article"), (355, 700, "Pieces"),
    (55, 672, "North"), (205, 672, "Desk lamp,"), (205, 658, "black"), (355, 672, "12"),
    (205, 620, "Chair"), (355, 620, "7"),
]  # fmt: skip


def test_cells_of_a_grid_keep_their_lines_and_merged_ones_are_repeated() -> None:
    open_side = [(50, 640, 450, 640)]  # the first column has no rule there: its cell spans two rows
    rules = [rule for rule in FRAME if rule not in open_side] + [(200, 640, 450, 640)]
    document = parse(drawn_pdf([BEFORE, *CELLS, AFTER], rules), "a.pdf")
    assert blocks(document) == [
        (PARAGRAPH, BEFORE[2]),
        (HEADER, "| Branch | Article | Pieces |"),
        (ROW, "| North | Desk lamp, black | 12 |"),
        (ROW, "| North | Chair | 7 |"),
        (PARAGRAPH, AFTER[2]),
    ]


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_table_drawn_sideways_is_read_as_if_upright(angle: int) -> None:
    upright = drawn_pdf([BEFORE, *CELLS, AFTER], FRAME)
    sideways = drawn_sideways(upright, angle)
    for pdf in (sideways, turned(sideways, 360 - angle)):
        assert blocks(parse(pdf, "a.pdf")) == blocks(parse(upright, "a.pdf"))


def test_columns_of_a_table_with_horizontal_rules_only_are_told_by_gaps() -> None:
    words = [
        (55, 705, "Article"), (205, 705, "Unit price"), (355, 705, "Pieces"),
        (55, 675, "Desk lamp"), (205, 675, "19 euro"), (355, 675, "12"),
        (55, 655, "Chair"), (205, 655, "45 euro"), (355, 655, "7"),
    ]  # fmt: skip
    rules = [(50, y, 450, y) for y in (720, 695, 640)]
    assert blocks(parse(drawn_pdf([BEFORE, *words, AFTER], rules), "a.pdf"))[1:-1] == [
        (HEADER, "| Article | Unit price | Pieces |"),
        (ROW, "| Desk lamp | 19 euro | 12 |"),
        (ROW, "| Chair | 45 euro | 7 |"),
    ]


def test_a_frame_around_running_text_is_no_table() -> None:
    words = [(55, 700, "Note that the office is closed"), (55, 685, "on public holidays.")]
    rules = [
        *[(x, 720, x, 640) for x in (50, 450)],
        *[(50, y, 450, y) for y in (720, 670, 640)],
    ]
    kinds = {kind for kind, _ in blocks(parse(drawn_pdf([BEFORE, *words, AFTER], rules), "a.pdf"))}
    assert kinds == {PARAGRAPH}
