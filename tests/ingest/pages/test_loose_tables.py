"""Tables of a PDF that nothing but their columns shows, and what only looks like one."""

from ingest.parsers import parse
from tests.ingest.files import drawn_pdf
from tests.ingest.tables.read_tables import check_cells, rows_of


def test_columns_without_any_rule_are_a_table_with_its_empty_cells() -> None:
    words = [
        (60, 760, "Ferry times for the summer season, from June until the end of September."),
        (60, 720, "Pier"), (200, 720, "First boat"), (340, 720, "Deck"),
        (60, 704, "North"), (200, 704, "06:40"), (340, 704, "upper"),
        (60, 688, "Mill"), (340, 688, "lower"),
        (60, 672, "Castle"), (200, 672, "07:15"),
        (60, 640, "Children travel free."),
    ]  # fmt: skip
    document = parse(drawn_pdf(words, []), "a.pdf")
    assert rows_of(document) == [
        "| Pier | First boat | Deck |",
        "| North | 06:40 | upper |",
        "| Mill | | lower |",
        "| Castle | 07:15 | |",
    ]
    assert document.text.endswith("\n\nChildren travel free.")
    check_cells(document)


def test_names_and_prices_have_no_head() -> None:
    words = [
        (60, 700, "Rowing boat"), (300, 700, "9 a day"),
        (60, 684, "Canoe"), (300, 684, "7 a day"),
        (60, 668, "Sail"), (300, 668, "24 a day"),
        (60, 652, "Raft"),
    ]  # fmt: skip
    document = parse(drawn_pdf(words, []), "a.pdf")
    assert rows_of(document)[-2:] == ["| Sail | 24 a day |", "| Raft | |"]
    assert document.tables[0].head_row_count == 0


def test_items_with_a_wide_mark_and_a_single_wide_line_are_no_table() -> None:
    words = [
        (60, 700, "1."), (100, 700, "Open the valve."),
        (60, 684, "2."), (100, 684, "Wait until the gauge rests."),
        (60, 668, "3."), (100, 668, "Close it."),
        (60, 620, "Harbour office"), (300, 620, "Telephone 4471"),
    ]  # fmt: skip
    document = parse(drawn_pdf(words, []), "a.pdf")
    assert not document.tables
    assert "2. Wait until the gauge rests." in document.text


STOCK = [
    (60, 720, "Tool"), (200, 720, "Shelf"), (340, 720, "Left"),
    (60, 704, "Rake"), (200, 704, "B2"), (340, 704, "6"),
    (60, 688, "Hoe"), (200, 688, "B3"), (340, 688, "4"),
    (60, 672, "Spade"), (200, 672, "B4"), (340, 672, "9"),
]  # fmt: skip
SENTENCES = [
    "Whoever takes a tool home writes name and date into the book that lies at the counter, and",
    "brings it back within a week. Tools that are wanted by somebody else go first to those who",
    "wait for them, then to",
    "the rest.",
]


def sentences(top: int) -> list[tuple[float, float, str]]:
    return [(60, top - 14 * number, line) for number, line in enumerate(SENTENCES)]


def test_a_paragraph_close_below_a_table_is_none_of_its_rows() -> None:
    document = parse(drawn_pdf([*STOCK, *sentences(650)], []), "a.pdf")
    assert rows_of(document)[-1] == "| Spade | B4 | 9 |"
    assert document.text.endswith(f"\n\n{' '.join(SENTENCES)}")


def test_a_paragraph_close_between_two_tables_is_none_of_their_rows() -> None:
    below = [(x, y - 134, word) for x, y, word in STOCK]
    document = parse(drawn_pdf([*STOCK, *sentences(650), *below], []), "a.pdf")
    assert len(rows_of(document)) == 8
    assert f"\n\n{' '.join(SENTENCES)}\n\n" in document.text


def test_the_lines_of_an_explanation_are_one_cell() -> None:
    words = [
        (60, 720, "Berth"), (160, 720, "The place at a quay where a ship is made fast, with"),
        (160, 708, "bollards at both ends."),
        (60, 690, "Bight"), (160, 690, "The slack part of a rope between its two ends, or a"),
        (160, 678, "bend of the coast."),
        (60, 660, "Bilge"), (160, 660, "The lowest part inside a hull."),
    ]  # fmt: skip
    assert rows_of(parse(drawn_pdf(words, []), "a.pdf")) == [
        "| Berth | The place at a quay where a ship is made fast, with bollards at both ends. |",
        "| Bight | The slack part of a rope between its two ends, or a bend of the coast. |",
        "| Bilge | The lowest part inside a hull. |",
    ]


def test_lines_that_go_on_in_several_columns_are_no_rows() -> None:
    words = [
        (60, 720, "Rake"), (160, 720, "with ten teeth"), (340, 720, "borrowed until"),
        (160, 708, "of hard wood"), (340, 708, "the first frost"),
        (60, 696, "Hoe"), (160, 696, "short"), (340, 696, "on its hook"),
        (60, 684, "Spade"), (160, 684, "wide"), (340, 684, "in the shed"),
    ]  # fmt: skip
    assert not parse(drawn_pdf(words, []), "a.pdf").tables
