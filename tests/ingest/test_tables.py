"""Whatever the format, each cell comes out in its column: empty ones, merged ones, heads of two."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.chunking.chunk import chunk
from ingest.embedding.hashing import HashingEmbedder
from ingest.parsers import parse
from ingest.parsing.builder import DocumentBuilder
from ingest.sandbox.wire import from_json, to_json
from ingest.tables.grid import Field, FileRow, fill
from ingest.tables.lines import cells_of, is_row
from ingest.tables.types import Role, Table
from ingest.types import BlockKind, Document
from tests.ingest.files import drawn_pdf
from tests.ingest.table_files import docx_table, odt_table, pptx_table, sheet_file

# A ward's roster: an empty corner, empty cells in the middle, at the end, and a row of one.
ROSTER = [
    ["", "早班", "白班", "夜班"],
    ["内科", "李护士", "", "周医生"],
    ["外科", "", "王护士", ""],
    ["急诊", "", "", "吴医生"],
]
ROSTER_LINES = [
    "| | 早班 | 白班 | 夜班 |",
    "| 内科 | 李护士 | | 周医生 |",
    "| 外科 | | 王护士 | |",
    "| 急诊 | | | 吴医生 |",
]
# Rainfall: two rows of heads, merged across and down, and a station over two rows.
RAIN = [
    ["站点", "河流", "春季", "", "秋季", ""],
    ["", "", "雨量", "天数", "雨量", "天数"],
    ["青石", "东溪", "210", "18", "95", "9"],
    ["", "西溪", "180", "15", "88", "8"],
]
RAIN_MERGES = [(0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 3), (0, 4, 0, 5), (2, 0, 3, 0)]
RAIN_LINES = [
    "| 站点 | 河流 | 春季 / 雨量 | 春季 / 天数 | 秋季 / 雨量 | 秋季 / 天数 |",
    "| 青石 | 东溪 | 210 | 18 | 95 | 9 |",
    "| 青石 | 西溪 | 180 | 15 | 88 | 8 |",
]


def html_table(rows: list[list[str]], merges: list[tuple[int, int, int, int]] = []) -> bytes:  # noqa: B006
    begin = {(top, left): (bottom - top + 1, right - left + 1)
             for top, left, bottom, right in merges}  # fmt: skip
    covered = {
        (r, c)
        for top, left, bottom, right in merges
        for r in range(top, bottom + 1)
        for c in range(left, right + 1)
    } - set(begin)
    lines = []
    for r, row in enumerate(rows):
        cells = "".join(
            f"<td rowspan={begin.get((r, c), (1, 1))[0]} colspan={begin.get((r, c), (1, 1))[1]}>"
            f"{text}</td>"
            for c, text in enumerate(row)
            if (r, c) not in covered
        )
        lines.append(f"<tr>{cells}</tr>")
    return f"<meta charset=utf-8><table>{''.join(lines)}</table>".encode()


def markdown_table(rows: list[list[str]]) -> bytes:
    lines = [f"|{'|'.join(row)}|" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]).encode()


def csv_table(rows: list[list[str]]) -> bytes:
    return "\n".join(",".join(row) for row in rows).encode()


def rows_of(document: Document) -> list[str]:
    kinds = (BlockKind.TABLE_HEADER, BlockKind.TABLE_ROW)
    return [document.text[b.start : b.end] for b in document.blocks if b.kind in kinds]


def check_cells(document: Document) -> None:
    """Every cell's span is its text, and the rows of the text say the same as the grid."""
    for table in document.tables:
        cells = list(table.cells(document.text))
        assert all(document.text[c.start : c.end] == c.text for c in cells)
        assert all(table.start <= c.start <= c.end <= table.end for c in cells)
        for row in table.rows:
            line = document.text[row.start : row.end]
            spans = [c for c in cells if row.start <= c.start < row.end and c.column_span == 1]
            if len(row.lengths) > 1:
                assert is_row(line)
                assert all(cells_of(line)[c.column] == c.text for c in spans)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.docx", docx_table(ROSTER)),
        ("a.pptx", pptx_table(ROSTER)),
        ("a.xlsx", sheet_file(ROSTER)),
        ("a.html", html_table(ROSTER).replace(b"<td", b"<th", 4)),
        ("a.md", markdown_table(ROSTER)),
        ("a.csv", csv_table(ROSTER)),
    ],
)
def test_an_empty_cell_keeps_its_place(name: str, data: bytes) -> None:
    document = parse(data, name)
    assert rows_of(document) == ROSTER_LINES
    (table,) = document.tables
    assert (table.column_count, table.head_row_count, table.row_head_count) == (4, 1, 1)
    cells = {(c.row, c.column): c for c in table.cells(document.text)}
    assert cells[2, 1].text == "" and cells[2, 2].text == "王护士"
    assert (cells[0, 3].role, cells[1, 0].role) == (Role.COLUMN_HEAD, Role.ROW_HEAD)
    check_cells(document)
    assert from_json(to_json(document)) == document


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.docx", docx_table(RAIN, RAIN_MERGES)),
        ("a.pptx", pptx_table(RAIN, RAIN_MERGES)),
        ("a.xlsx", sheet_file(RAIN, RAIN_MERGES)),
        ("a.html", html_table(RAIN, RAIN_MERGES).replace(b"<td", b"<th", 8)),
    ],
)
def test_heads_in_two_rows_are_told_together_and_merged_cells_in_each_row(
    name: str, data: bytes
) -> None:
    document = parse(data, name)
    assert rows_of(document) == RAIN_LINES
    (table,) = document.tables
    heads = [(c.row, c.column, c.row_span, c.column_span, c.text) for c in table.head]
    assert (0, 2, 1, 2, "春季") in heads and (1, 5, 1, 1, "天数") in heads
    assert (0, 0, 2, 1, "站点") in heads and (1, 0, 1, 1, "") not in heads
    station = next(c for c in table.cells(document.text) if c.text == "青石")
    assert (station.row, station.row_span) == (2, 2)
    check_cells(document)
    assert from_json(to_json(document)) == document


def test_odt_spans_header_rows_and_repeated_cells() -> None:
    cell = "<table:table-cell{}><text:p>{}</text:p></table:table-cell>"
    covered = "<table:covered-table-cell/>"
    wide = ' table:number-columns-spanned="2"'
    tall = ' table:number-rows-spanned="2"'
    empty = '<table:table-cell table:number-columns-repeated="2"/>'
    rows = (
        "<table:table-header-rows><table:table-row>"
        + cell.format("", "品种") + cell.format(wide, "播种期") + covered
        + "</table:table-row></table:table-header-rows><table:table-row>"
        + cell.format(tall, "小麦") + cell.format("", "九月") + cell.format("", "十月")
        + "</table:table-row><table:table-row>"
        + covered + cell.format("", "二月") + '<table:table-cell/>'
        + "</table:table-row><table:table-row>" + empty + cell.format("", "不定")
        + "</table:table-row>"
    )  # fmt: skip
    assert rows_of(parse(odt_table(rows), "a.odt")) == [
        "| 品种 | 播种期 | 播种期 |",
        "| 小麦 | 九月 | 十月 |",
        "| 小麦 | 二月 | |",
        "| | | 不定 |",
    ]


def test_rtf_cells_are_placed_by_their_edges() -> None:
    rtf = (
        r"{\rtf1\ansi Before.\par"
        r"\trowd\cellx900\cellx1800\cellx2700\intbl Room\cell Lamp\cell Desk\cell\row"
        r"\trowd\clvmgf\cellx900\cellx1800\cellx2700\intbl Hall\cell\cell oak\par table\cell\row"
        r"\trowd\clvmrg\cellx900\cellx2700\intbl\cell none yet\cell\row"
        r"\pard After.\par}"
    )
    document = parse(rtf.encode(), "a.rtf")
    assert document.text.split("\n") == [
        "Before.",
        "",
        "| Room | Lamp | Desk |",
        "| Hall | | oak table |",
        "| Hall | none yet | none yet |",
        "",
        "After.",
    ]


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


def test_what_one_cell_fills_is_a_title_above_and_a_note_below() -> None:
    rows = [["Opening hours", ""], ["Day", "Hours"], ["Monday", ""], ["Closed on holidays.", ""]]
    document = parse(docx_table(rows, [(0, 0, 0, 1), (3, 0, 3, 1)]), "a.docx")
    assert document.text == (
        "Opening hours\n\n| Day | Hours |\n| Monday | |\n\nClosed on holidays."
    )
    assert document.tables[0].caption == "Opening hours"


def test_a_head_over_two_columns_alone_is_no_second_row_of_heads() -> None:
    rows = [["Team", "Members", "", "Room"], ["Red", "Ann", "Bob", "4"], ["Blue", "Cy", "Di", "5"]]
    lines = rows_of(parse(docx_table(rows, [(0, 1, 0, 2)]), "a.docx"))
    assert lines[:2] == ["| Team | Members | Members | Room |", "| Red | Ann | Bob | 4 |"]


def test_heads_may_stand_over_columns_without_being_merged() -> None:
    text = "厂区,一号线,,二号线,\n,电耗,水耗,电耗,水耗\n南厂,310,12,290,11\n"
    assert rows_of(parse(text.encode(), "a.csv")) == [
        "| 厂区 | 一号线 / 电耗 | 一号线 / 水耗 | 二号线 / 电耗 | 二号线 / 水耗 |",
        "| 南厂 | 310 | 12 | 290 | 11 |",
    ]


def test_a_heading_inside_a_table_is_a_row_of_it() -> None:
    html = (
        "<table><tr><th>Bay<th>Top<th>Foot<tr><th colspan=3>East<tr><td>1<td>rope<td>"
        "<tr><th colspan=3>West<tr><td>2<td><td>sail</table>"
    )
    assert rows_of(parse(html.encode(), "a.html")) == [
        "| Bay | Top | Foot |",
        "| East | | |",
        "| 1 | rope | |",
        "| West | | |",
        "| 2 | | sail |",
    ]


def test_html_row_heads_are_no_column_heads() -> None:
    html = "<table><tr><th>Height</th><td>12 m</td></tr><tr><th>Width</th><td></td></tr></table>"
    document = parse(html.encode(), "a.html")
    assert rows_of(document) == ["| Height | 12 m |", "| Width | |"]
    (table,) = document.tables
    assert (table.head_row_count, table.row_head_count) == (0, 1)


@pytest.mark.parametrize(
    ("rows", "heads"),
    [
        ("<tr><td>线路<td>首班<td>末班<tr><td>东线<td>六点<td>", 1),
        ("<tr><td><b>线路</b><td><strong>首班</strong><tr><td>东线<td>六点", 1),
        ("<tr><td>首班<td>票价<tr><td>东线<td>2 元", 1),
        ("<tr><td>名称<td>东线<tr><td>首班<td>六点", 0),  # names and values
        ("<tr><td><b>东线</b><td><b>六点</b><tr><td><b>西线</b><td><b>七点</b>", 0),
        ("<tr><td>东线<td>6:00<td>22:00<tr><td>西线<td>7:00<td>", 0),
    ],
)
def test_html_heads_that_are_not_marked_as_such(rows: str, heads: int) -> None:
    html = f"<meta charset=utf-8><table>{rows}</table>"
    assert parse(html.encode(), "a.html").tables[0].head_row_count == heads


def test_numbers_may_be_heads_below_a_head_that_reaches_down() -> None:
    rows = [["Bay", "Week", "", ""], ["", "1", "2", "3"], ["A", "8", "", "4"]]
    lines = rows_of(parse(docx_table(rows, [(0, 0, 1, 0), (0, 1, 0, 3)]), "a.docx"))
    assert lines == ["| Bay | Week / 1 | Week / 2 | Week / 3 |", "| A | 8 | | 4 |"]


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
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for page in pages:
        writer.append(PdfReader(io.BytesIO(page)))
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def test_a_bar_inside_a_cell_parts_nothing() -> None:
    document = parse(b"a,b\nx|y,| or \xe2\x80\xa6\n", "a.csv")
    assert rows_of(document)[1] == "| x|y | ｜ or … |"
    assert cells_of(rows_of(document)[1]) == ("x|y", "｜ or …")


def test_every_chunk_inside_a_table_carries_its_heads() -> None:
    rows = [*RAIN[:2], *[[f"站{n}", "", str(n), "", "", str(n)] for n in range(60)]]
    document = parse(docx_table(rows, RAIN_MERGES[:4]), "a.docx")
    chunks = chunk(document, HashingEmbedder().token_counts, max_tokens=60)
    assert len(chunks) > 5
    assert {c.headings[-1] for c in chunks[1:]} == {RAIN_LINES[0]}
    assert all(document.text[c.start : c.end] == c.text for c in chunks)


@st.composite
def file_rows(draw: st.DrawFn) -> list[FileRow]:
    """Rows of cells with spans that overlap, overhang and lead nowhere."""
    text = st.sampled_from(["", "甲", "12", "a | b", "x\u200dy", "两 行\n字", " | ", "é"])
    cell = st.builds(
        Field,
        text,
        st.integers(1, 4),
        st.integers(0, 4),
        st.none() | st.integers(0, 6),
        st.booleans(),
        st.booleans(),
    )
    return draw(st.lists(st.lists(text | cell, max_size=6), min_size=1, max_size=8))


@given(file_rows())
def test_any_rows_at_all_make_a_grid_and_spans_that_hold(rows: list[FileRow]) -> None:
    grid = fill(rows)
    assert len({len(texts) for texts in grid.texts}) <= 1
    for (row, column), (down, across) in grid.merges.items():
        assert row + down <= grid.row_count and column + across <= grid.column_count
    builder = DocumentBuilder(b"", "a.docx", "x")
    builder.paragraph("字。")
    builder.table(rows)
    document = builder.build()
    check_cells(document)
    assert from_json(to_json(document)) == document


def test_cells_of_a_part_of_the_text() -> None:
    document = parse(csv_table([["k", "v"], *[[f"n{n}", str(n)] for n in range(9)]]), "a.csv")
    (table,) = document.tables
    at = document.text.index("n4")
    cells = list(table.cells(document.text, at, at + 1))
    assert [c.text for c in cells] == ["k", "v", "n4", "4"]
    assert isinstance(table, Table) and table.numbers == tuple(range(1, 11))
