"""Whatever the format, each cell comes out in its column: empty ones, merged ones, heads of two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.chunking.chunk import chunk
from ingest.embedding.hashing import HashingEmbedder
from ingest.parsers import parse
from ingest.parsing.builder import DocumentBuilder
from ingest.sandbox.wire import from_json, to_json
from ingest.tables.grid import Field, FileRow, fill
from ingest.tables.lines import cells_of
from ingest.tables.types import Role, Table
from tests.ingest.tables.read_tables import check_cells, rows_of
from tests.ingest.tables.table_files import docx_table, odt_table, pptx_table, sheet_file

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


def test_cells_that_are_kept_from_being_numbers_are_read_as_shown() -> None:
    text = parse('工号,姓名\n="0047",蓝\n="1E5",费\n'.encode(), "a.csv").text
    assert text == "| 工号 | 姓名 |\n| 0047 | 蓝 |\n| 1E5 | 费 |"


def test_a_cell_ends_with_its_part_of_an_html_table() -> None:
    html = (
        "<meta charset=utf-8><table><thead><tr><th>楼<th>户<th>度</thead>"
        "<tfoot><tr><td>共<td>三户<td>90</tfoot>"
        "<tbody><tr><td rowspan=3>东<td>甲<td>31<tr><td>乙<td>28</tbody>"
        "<tbody><tr><td>西<td>丙<td>31</tbody></table>"
    )
    assert rows_of(parse(html.encode(), "a.html")) == [
        "| 楼 | 户 | 度 |",
        "| 东 | 甲 | 31 |",
        "| 东 | 乙 | 28 |",
        "| 西 | 丙 | 31 |",
        "| 共 | 三户 | 90 |",
    ]


def test_a_row_of_which_only_the_name_is_filled_is_no_second_head() -> None:
    html = (
        "<meta charset=utf-8><table><tr><th>班<th>周六<th>周日</tr>"
        "<tr><th>门房<td><td></tr><tr><th>巡更<td>老吴<td>小郑</tr></table>"
    )
    document = parse(html.encode(), "a.html")
    assert rows_of(document)[1] == "| 门房 | | |"
    assert document.tables[0].head_row_count == 1
