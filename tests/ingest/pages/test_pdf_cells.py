"""Each cell of a table drawn on a PDF page comes out in its column."""

import io

from pypdf import PdfReader, PdfWriter

from ingest.parsers import parse
from tests.ingest.files import drawn_pdf
from tests.ingest.tables.read_tables import check_cells, rows_of

XS, YS = (50, 150, 250, 350, 450), (700, 670, 640, 610, 580)
GRID = [(x, YS[0], x, YS[-1]) for x in XS] + [(XS[0], y, XS[-1], y) for y in YS]


def test_pdf_fields_that_are_merged_or_empty() -> None:
    heads = [(55, 680, "Pump"), (155, 680, "Spring"), (155, 650, "flow"), (255, 650, "head"),
             (355, 680, "Note")]  # fmt: skip
    body = [(55, 620, "P-1"), (155, 620, "12"), (355, 620, "old"),
            (55, 590, "P-2"), (255, 590, "7")]  # fmt: skip
    # Pump and Note span both rows of heads, Spring spans two columns.
    rules = [r for r in GRID if r not in [(50, 670, 450, 670), (250, 700, 250, 580)]]
    rules += [(150, 670, 350, 670), (250, 670, 250, 580)]
    document = parse(drawn_pdf([*heads, *body], rules), "a.pdf")
    assert rows_of(document) == [
        "| Pump | Spring / flow | Spring / head | Note |",
        "| P-1 | 12 | | old |",
        "| P-2 | | 7 | |",
    ]
    assert document.tables[0].page == 1
    check_cells(document)


def test_a_pdf_table_without_vertical_rules_keeps_empty_cells() -> None:
    words = [
        (55, 685, "Tank"), (205, 685, "Volume"), (355, 685, "Checked"),
        (55, 655, "North"), (355, 655, "May"),
        (55, 635, "South"), (205, 635, "40"),
    ]  # fmt: skip
    rules = [(50, y, 450, y) for y in (700, 675, 620)]
    assert rows_of(parse(drawn_pdf(words, rules), "a.pdf")) == [
        "| Tank | Volume | Checked |",
        "| North | | May |",
        "| South | 40 | |",
    ]


def test_columns_without_rules_between_them_may_be_aligned_in_any_way() -> None:
    words = [
        (55, 685, "Name"), (205, 685, "Left"), (305, 685, "Right"),
        (60, 655, "aa"), (230, 655, "12"), (330, 655, "3"),
        (60, 635, "bb"), (225, 635, "1,200"), (60, 615, "cc"), (335, 615, "4"),
    ]  # fmt: skip
    rules = [(50, y, 400, y) for y in (700, 675, 600)]
    assert rows_of(parse(drawn_pdf(words, rules), "a.pdf")) == [
        "| Name | Left | Right |",
        "| aa | 12 | 3 |",
        "| bb | 1,200 | |",
        "| cc | | 4 |",
    ]
    words = [
        (55, 705, "Item"), (205, 705, "2026"), (155, 685, "plan"), (255, 685, "actual"),
        (55, 655, "steel"), (155, 655, "10"), (255, 655, "9"),
        (55, 635, "copper"), (255, 635, "4"),
    ]  # fmt: skip
    rules = [(50, y, 350, y) for y in (720, 675, 620)]
    assert rows_of(parse(drawn_pdf(words, rules), "a.pdf")) == [
        "| Item | 2026 / plan | 2026 / actual |",
        "| steel | 10 | 9 |",
        "| copper | | 4 |",
    ]


def test_a_pdf_table_that_goes_on_over_the_page_is_one_with_one_head() -> None:
    heads = [(55, 680, "Pump"), (155, 680, "Flow"), (255, 680, "Head"), (355, 680, "Note")]
    first = [*heads, (55, 650, "P-1"), (155, 650, "12")]
    rest = [(55, 680, "P-2"), (255, 680, "7"), (55, 650, "P-3"), (355, 650, "spare")]
    rules = [r for r in GRID if min(r[1], r[3]) >= 640]
    rules += [(x, 700, x, 640) for x in XS]
    pages = pdf_of([drawn_pdf(first, rules), drawn_pdf(rest, rules), drawn_pdf(first, rules)])
    document = parse(pages, "a.pdf")
    assert rows_of(document) == [
        "| Pump | Flow | Head | Note |",
        "| P-1 | 12 | | |",
        "| P-2 | | 7 | |",
        "| P-3 | | | spare |",
        "| P-1 | 12 | | |",
    ]
    assert "\n\n" not in document.text
    assert [t.page for t in document.tables] == [1, 2, 3]
    assert document.page_at(document.text.index("P-3")) == 2


def pdf_of(pages: list[bytes]) -> bytes:
    writer = PdfWriter()
    for page in pages:
        writer.append(PdfReader(io.BytesIO(page)))
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
