"""Tables drawn on a PDF page come out as rows; what only looks like one does not."""

import pytest

from ingest.parsers import parse
from tests.ingest.files import drawn_pdf
from tests.ingest.pages.pages_seen import drawn_sideways, turned
from tests.ingest.parsers.test_parsers import HEADER, PARAGRAPH, ROW, blocks

Word = tuple[float, float, str] | tuple[float, float, str, int]

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


def test_two_grids_of_one_width_on_a_page_are_two_tables() -> None:
    def grid(*ys: float) -> list[tuple[float, float, float, float]]:
        down = [(x, ys[0], x, ys[-1]) for x in (50, 200, 350)]
        return down + [(50, y, 350, y) for y in ys]

    words = [
        (55, 705, "Boat"), (205, 705, "Berth"), (55, 685, "Ida"), (205, 685, "14"),
        (50, 655, "The crane is out of order."),
        (55, 625, "Tide"), (205, 625, "Metres"), (55, 605, "low"), (205, 605, "3"),
    ]  # fmt: skip
    rules = [*grid(720, 700, 680), *grid(640, 620, 600)]
    assert blocks(parse(drawn_pdf(words, rules), "a.pdf")) == [
        (HEADER, "| Boat | Berth |"),
        (ROW, "| Ida | 14 |"),
        (PARAGRAPH, "The crane is out of order."),
        (HEADER, "| Tide | Metres |"),
        (ROW, "| low | 3 |"),
    ]


def test_two_tables_with_horizontal_rules_of_one_width_are_two() -> None:
    def table(top: float, *rows: tuple[str, str]) -> list[tuple[float, float, str]]:
        placed = [(top - 15 - 20 * n, row) for n, row in enumerate(rows)]
        return [(x, y, word) for y, row in placed for x, word in zip((55, 255), row, strict=True)]

    words = table(720, ("Pump", "Litres"), ("north", "40"), ("south", "35"))
    words += [(50, 630, "Both were overhauled in spring.")]
    words += table(610, ("Crew", "Hours"), ("early", "176"), ("late", "168"))
    rules = [(50, y, 400, y) for y in (720, 700, 655, 610, 590, 545)]
    assert blocks(parse(drawn_pdf(words, rules), "a.pdf")) == [
        (HEADER, "| Pump | Litres |"),
        (ROW, "| north | 40 |"),
        (ROW, "| south | 35 |"),
        (PARAGRAPH, "Both were overhauled in spring."),
        (HEADER, "| Crew | Hours |"),
        (ROW, "| early | 176 |"),
        (ROW, "| late | 168 |"),
    ]


def test_lines_of_a_cell_between_two_rules_are_one_row() -> None:
    words = [
        (55, 705, "Part"), (155, 705, "Task"), (355, 705, "Every"),
        (55, 685, "Mast"), (155, 685, "Look for cracks and for"), (355, 685, "week"),
        (155, 672, "rust at the foot"),
        (55, 655, "Keel"), (155, 655, "Scrape"), (355, 655, "year"),
    ]  # fmt: skip
    rules = [(50, y, 450, y) for y in (720, 700, 667, 645)]
    assert blocks(parse(drawn_pdf(words, rules), "a.pdf")) == [
        (HEADER, "| Part | Task | Every |"),
        (ROW, "| Mast | Look for cracks and for rust at the foot | week |"),
        (ROW, "| Keel | Scrape | year |"),
    ]


def test_raised_figures_are_no_part_of_the_number_before_them() -> None:
    words = [
        (50, 760, "The lease runs for 24"), (141.5, 764, "1", 6), (148, 760, "months."),
        *CELLS[:6], (355, 672, "3500"), (377.5, 676, "2", 6), *CELLS[7:],
    ]  # fmt: skip
    document = parse(drawn_pdf(words, FRAME), "a.pdf")
    assert document.text.startswith("The lease runs for 24¹ months.")
    assert "| Desk lamp, black | 3500² |" in document.text


@pytest.mark.parametrize(
    "rows",
    [
        [("North", "saw", "shed"), ("", "axe", "barn"), ("", "rake", "loft")],
        [("Bolt", "M8 x 20", "25 Nm"), ("", "M10 x 20", "49 Nm"), ("", "M12 x 30", "85 Nm")],
        [("Bolt", "Ann", "Mon"), ("Nut", "Bob", "Tue"), ("", "nobody", "Wed")],
    ],
    ids=["names", "units", "last"],
)
def test_rows_whose_name_is_said_once_stay_apart(rows: list[tuple[str, str, str]]) -> None:
    placed = zip((705, 685, 670, 655), [("Item", "First", "Second"), *rows], strict=True)
    words = [
        (x, y, text)
        for y, row in placed
        for x, text in zip((55, 155, 305), row, strict=True)
        if text
    ]
    rules = [(50, y, 450, y) for y in (720, 700, 645)]
    document = parse(drawn_pdf(words, rules), "a.pdf")
    said = [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows]
    assert blocks(document)[1:] == [(ROW, text) for text in said]


def test_wrapped_cells_between_two_rules_are_told_from_rows_of_one_name() -> None:
    words = [
        (55, 705, "Part"), (155, 705, "Task"), (355, 705, "Remark"),
        (55, 685, "Mast"), (155, 685, "Look for cracks and for"), (355, 685, "every week in"),
        (155, 672, "rust at the foot"), (355, 672, "winter months"),
        (55, 655, "Keel"), (155, 655, "Scrape"), (355, 655, "May"),
        (155, 642, "Paint"), (355, 642, "June"),
    ]  # fmt: skip
    rules = [(50, y, 450, y) for y in (720, 700, 667, 632)]
    assert blocks(parse(drawn_pdf(words, rules), "a.pdf"))[1:] == [
        (ROW, "| Mast | Look for cracks and for rust at the foot | every week in winter months |"),
        (ROW, "| Keel | Scrape | May |"),
        (ROW, "| | Paint | June |"),
    ]


def test_figures_are_raised_behind_a_small_mark_that_begins_their_line() -> None:
    words: list[Word] = [
        (50, 700, "The flow is given in litres per hour."),
        (50, 103.5, "1", 6), (54, 100, "per area of 10", 9), (110.1, 103.5, "6", 6),
        (120, 100, "units and 35", 9), (168.5, 103.5, "2", 6), (174, 100, "as before", 9),
    ]  # fmt: skip
    text = parse(drawn_pdf(words, []), "a.pdf").text
    assert text.endswith("per area of 10⁶ units and 35² as before")


def test_several_marks_with_a_comma_between_them_are_raised() -> None:
    words: list[Word] = [(50, 740, "See Smith"), (95, 744, "12,13", 6), (112, 740, "and others.")]
    assert parse(drawn_pdf(words, []), "a.pdf").text == "See Smith¹²,¹³ and others."


def test_figures_are_raised_where_the_matrix_has_the_type_size() -> None:
    words: list[Word] = [
        (50, 740, "The tank holds 10"),
        (128.5, 744, "3", 6),
        (134, 740, "litres."),
    ]
    text = parse(drawn_pdf(words, [], scaled=True), "a.pdf").text
    assert text == "The tank holds 10³ litres."
