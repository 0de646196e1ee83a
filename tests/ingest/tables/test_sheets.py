"""A workbook says what a person sees who opens it: formats, formulas, hidden parts, stray cells."""

import base64
import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ParseError
from ingest.parsers import parse
from ingest.parsing.options import reading
from ingest.sandbox.sandbox import Sandbox
from ingest.sheets.formulas import shifted
from ingest.sheets.number_format import formatter, text_shown
from ingest.types import Notice
from tests.ingest.tables.read_tables import rows_of
from tests.ingest.tables.table_files import (
    book_with_hidden_parts,
    ods_file,
    old_sheet_file,
    raw_sheet,
    sheet_file,
    spreadsheetml_file,
    text_cell,
)

DAY = datetime.date(2027, 8, 9)


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("General", 0.1 + 0.2, "0.3"),
        ("General", 1 / 3, "0.333333333"),
        ("General", 20270809123.0, "20270809123"),
        ("0.00%", 0.125, "12.50%"),
        ("0%", 0.005, "1%"),  # a half goes up, as people round
        ("0.00", 1.005, "1.01"),
        ('"¥"#,##0.00', 1234567.891, "¥1,234,567.89"),
        ("[$€-407] #,##0", 1200, "€ 1,200"),
        ("#,##0.00_);(#,##0.00)", -5, "(5.00)"),
        ("0.0;-0.0;-", 0, "-"),
        (";;;", 7, ""),
        ('"LOT-"0000', 37, "LOT-0037"),
        ("000-00-0000", 12345678, "012-34-5678"),
        ('0.0,,"M"', 2_450_000, "2.5M"),
        ('0!.0,"万"', 73_400, "7.3万"),
        ("#,##0.0;[Red]#,##0.0", -640.5, "-640.5"),  # on paper red is all that says minus
        ("0%;[红色]0%;-", 0.4, "40%"),
        ("0;0", -6, "6"),
        ('[DBNum2][$-804]General"元整"', 20_300_040, "贰仟零叁拾万零肆拾元整"),
        ("[DBNum2]0.00", 1006.5, "壹仟零陆.伍零"),
        ("[DBNum1]0", 310, "三百一十"),
        ('[DBNum1][$-804]yyyy"年"m"月"d"日"', 46608 + 40, "二〇二七年九月十八日"),
        ('[<60]0 "s";0.0 "long"', 90, "90.0 long"),
        ("# ?/?", 2.25, "2 1/4"),
        ("0.00E+00", 0.000123, "1.23E-04"),
        ("yyyy-mm-dd", 46608, "2027-08-09"),
        ('yyyy"年"m"月"d"日"', 46608, "2027年8月9日"),
        ("d/m/yy h:mm AM/PM", 46608.75, "9/8/27 6:00 PM"),
        ("[$-804]dddd", 46608, "星期一"),
        ("mmm d", 46608, "Aug 9"),
        ("[h]:mm", 30.5 / 24, "30:30"),
        ("mm:ss.0", 0.001, "01:26.4"),
        ("[$-F800]dddd, mmmm dd, yyyy", 46608, "2027-08-09"),  # the reader's system decides
        ("yyyy-mm-dd", -1, "-1"),
    ],
)
def test_numbers_as_a_sheet_shows_them(code: str, value: float, shown: str) -> None:
    assert formatter(code)(value) == shown


@given(st.text('0#?.,%/eE+-[]hmsyd"\\_*@;General$¥ ', max_size=20), st.floats(-1e12, 1e12))
def test_no_format_code_breaks_a_cell(code: str, value: float) -> None:
    assert isinstance(formatter(code)(value), str)


def test_the_years_of_a_macintosh_begin_later() -> None:
    assert formatter("yyyy-mm-dd", from_1904=True)(0) == "1904-01-01"


def test_a_text_format_puts_words_around_a_text() -> None:
    assert text_shown('"No. "@', "7b") == "No. 7b"
    assert text_shown("0.00", "7b") == "7b"


VALUES = [
    ["Charge", "Yield", "Price", "Started", "Ran for", "Code"],
    ["A", 0.9325, 1499.5, DAY, 1.5, 42],
    ["B", 0.07, 80, DAY, 0.25, 7],
]
FORMATS = {
    (row, column): code
    for row in (1, 2)
    for column, code in enumerate(("", "0.00%", "$#,##0.00", "yyyy-mm-dd", "[h]:mm", "00000"))
    if code
}


def test_xlsx_values_have_their_formats() -> None:
    document = parse(sheet_file(_dated(VALUES), formats=FORMATS), "a.xlsx")
    assert rows_of(document) == [
        "| Charge | Yield | Price | Started | Ran for | Code |",
        "| A | 93.25% | $1,499.50 | 2027-08-09 | 36:00 | 00042 |",
        "| B | 7.00% | $80.00 | 2027-08-09 | 6:00 | 00007 |",
    ]
    assert document.notices == ()


def _dated(rows: list[list[Any]]) -> list[list[Any]]:
    """Dates as the numbers that they are in a sheet."""
    first = datetime.date(1899, 12, 30)
    return [[(c - first).days if isinstance(c, datetime.date) else c for c in row] for row in rows]


def test_xls_values_have_their_formats_and_what_is_hidden_is_named() -> None:
    data = old_sheet_file(VALUES, formats=FORMATS)
    document = parse(data, "a.xls")
    assert rows_of(document) == [
        "| Charge | Yield | Price | Ran for | Code |",
        "| A | 93.25% | $1,499.50 | 36:00 | 00042 |",
    ]
    assert "not to be seen" not in document.text
    assert document.notices == (
        Notice("hidden_rows", 1, "Sheet"),
        Notice("hidden_columns", 1, "Sheet"),
        Notice("hidden_sheet", 1, "Internal"),
    )
    with reading(hidden=True):
        whole = parse(data, "a.xls")
    assert "| B | 7.00% | $80.00 | 2027-08-09 | 6:00 | 00007 |" in whole.text
    assert "not to be seen" in whole.text and whole.notices == ()


def test_what_is_hidden_in_a_workbook_is_left_out_and_named() -> None:
    document = parse(book_with_hidden_parts(), "a.xlsx")
    assert rows_of(document) == ["| Item | Price |", "| cup | 9 |", "| vase | on request |"]
    assert not {"margin 40", "token 77"} & set(document.text.split("\n"))
    assert {(n.code, n.count, n.detail) for n in document.notices} == {
        ("hidden_rows", 1, "Shop"),
        ("hidden_columns", 1, "Shop"),
        ("hidden_sheet", 1, "Costs"),
        ("hidden_sheet", 1, "Keys"),
    }


def test_hidden_parts_are_read_where_the_setting_says_so() -> None:
    with Sandbox(read_hidden=True) as sandbox:
        document = sandbox.parse(book_with_hidden_parts(), "a.xlsx")
    assert "| jug | 8 | 21 |" in document.text and "margin 40" in document.text
    assert document.notices == ()


def test_formulas_without_a_result_say_so() -> None:
    rows = (
        f'<row r="1">{text_cell("A1", "Team")}{text_cell("B1", "Q1")}{text_cell("C1", "All")}</row>'
        f'<row r="2">{text_cell("A2", "North")}<c r="B2"><v>4</v></c>'
        '<c r="C2"><f t="shared" ref="C2:C3" si="0">B2*$B$2</f><v/></c></row>'
        f'<row r="3">{text_cell("A3", "South")}<c r="B3"><v>6</v></c>'
        '<c r="C3"><f t="shared" si="0"/></c></row>'
        '<row r="4"><c r="A4" t="str"><f>UPPER("sum")</f><v>SUM</v></c>'
        '<c r="B4"><f>SUM(B2:B3)</f><v>10</v></c><c r="C4"><f>SUM(C2:C3)</f><v>0</v></c></row>'
        '<row r="5"><c r="A5" t="str"><f>IF(1,"","")</f><v></v></c></row>'
    )
    document = parse(raw_sheet(rows), "a.xlsx")
    assert rows_of(document)[1:] == [
        "| North | 4 | =B2*$B$2 |",
        "| South | 6 | =B3*$B$2 |",
        "| SUM | 10 | =SUM(C2:C3) |",  # a 0 of a writer that does not calculate is no result
    ]
    assert document.notices == (Notice("formula_without_value", 3, "Sheet: C2, C3, C4"),)


def test_a_formula_moves_to_its_place() -> None:
    assert shifted('SUM(A1:$B$2)&"A1"&LOG10(C3)', 2, 1) == 'SUM(B3:$B$2)&"A1"&LOG10(D5)'


@pytest.mark.parametrize("place", ["XFD2", "A1048576", "XFD1048576"])
@pytest.mark.parametrize("text", [" ", "\u00a0", "x"])
def test_a_stray_cell_costs_nothing(place: str, text: str) -> None:
    rows = f'<row r="1">{text_cell("A1", "Part")}{text_cell("B1", "Pieces")}</row>'
    cells = f'{text_cell("A2", "nail")}<c r="B2"><v>15</v></c>'
    stray = text_cell(place, text)
    number = place.lstrip("XFDA")
    rows += (
        f'<row r="2">{cells}{stray}</row>'
        if number == "2"
        else f'<row r="2">{cells}</row><row r="{number}">{stray}</row>'
    )
    document = parse(raw_sheet(rows), "a.xlsx")
    assert rows_of(document)[1].startswith("| nail | 15 |")
    assert ("x" in document.text) == (text == "x")


def test_strict_workbooks_are_read() -> None:
    styles = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="10"/></cellXfs>'
    rows = (
        f'<row><c t="inlineStr"><is><t>Ore</t></is></c></row><row>{text_cell("A2", "tin")}'
        '<c r="B2" s="1"><v>0.5</v></c><c r="C2" t="d"><v>2027-08-09T00:00:00</v></c></row>'
    )
    document = parse(raw_sheet(rows, strict=True, styles=styles), "a.xlsx")
    assert document.text.endswith("Ore\n\n| tin | 50.00% | 2027-08-09 |")


# Where a table ends


def sheet_rows(*rows: list[Any]) -> list[str]:
    document = parse(sheet_file(rows), "a.xlsx")
    return document.text.split("\n")[2:]


def test_blank_rows_only_space_a_table_out() -> None:
    rows = [["Lab", "Floor", "Phone"], ["optics", "low", "5001"], [], ["acids", "high", "none yet"],
            ["dust", "high", "5003"], [], [], ["total", "", "3"], [], ["As of May."]]  # fmt: skip
    assert sheet_rows(*rows) == [
        "| Lab | Floor | Phone |",
        "| optics | low | 5001 |",
        "| acids | high | none yet |",
        "| dust | high | 5003 |",
        "| total | | 3 |",
        "",
        "As of May.",
    ]


def test_a_head_of_its_own_begins_another_table() -> None:
    rows = [["Stock"], [], ["Good", "Pieces"], ["rope", 3], ["net", 5], [], ["Staff"], [],
            ["Name", "Shift"], ["Ann", "early"], ["Bob", "late"]]  # fmt: skip
    document = parse(sheet_file(rows), "a.xlsx")
    assert [(t.caption, t.numbers) for t in document.tables] == [
        ("Stock", (3, 4, 5)),
        ("Staff", (9, 10, 11)),
    ]
    again = [["Good", "Pieces"], ["rope", 3], [], ["Good", "Pieces"], ["net", 5]]
    (table,) = parse(sheet_file(again), "a.xlsx").tables
    assert table.numbers == (1, 2, 5)


def test_tables_beside_each_other_are_apart() -> None:
    rows = [["Key", "Door"], ["1", "east"], ["2", "west", "", "Sign", "Day"],
            ["3", "gate", "", "red", "4"]]  # fmt: skip
    document = parse(sheet_file(rows), "a.xlsx")
    assert [t.column_count for t in document.tables] == [2, 2]
    assert "| Sign | Day |\n| red | 4 |" in document.text
    spaced = [["Key", "", "Door"], ["1", "", "east"], ["2", "", "west"]]
    assert sheet_rows(*spaced) == ["| Key | Door |", "| 1 | east |", "| 2 | west |"]


def test_years_and_days_may_be_heads() -> None:
    assert rows_of(parse(sheet_file([["Line", 2026, 2027], ["cars", 5, 6]]), "a.xlsx"))[0] == (
        "| Line | 2026 | 2027 |"
    )
    table = parse(sheet_file([["Who", 1, 2, 3], ["Ann", "on", "", "off"]]), "a.xlsx").tables[0]
    assert table.head_row_count == 1
    months = sheet_file([["站", "1月", "2月"], ["北", 3, ""], [], ["南", "", 5]])
    assert parse(months, "a.xlsx").tables[0].head_row_count == 1
    table = parse(sheet_file([["Ann", 7, 2], ["Bob", 5, 3]]), "a.xlsx").tables[0]
    assert table.head_row_count == 0


# Under the name of a workbook

HTML = (
    "<html><meta charset=gbk><table><tr><td>批号</td><td>去向</td></tr>"
    "<tr><td>K7</td><td></td></tr></table>"
)


MHTML = (
    "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\n"
    "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
    + base64.b64encode(HTML.replace("gbk", "utf-8").encode()).decode()
    + "\n--b--\n"
)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (HTML.encode("gb18030"), ["| 批号 | 去向 |", "| K7 | |"]),
        ("批号\t去向\nK7\t\n".encode("gb18030"), ["| 批号 | 去向 |", "| K7 | |"]),
        ("批号\t去向\r\nK7\t\r\n".encode("utf-16"), ["| 批号 | 去向 |", "| K7 | |"]),
        (b"batch,to\nK7,\n", ["| batch | to |", "| K7 | |"]),
        (MHTML.encode(), ["| 批号 | 去向 |", "| K7 | |"]),
        (spreadsheetml_file(), ["| Batch | Yield |", "| K7 | 50.00% |"]),
        (sheet_file([["batch", "to"], ["K7", "Rome"]]), ["| batch | to |", "| K7 | Rome |"]),
    ],
)
def test_a_file_is_read_by_what_it_is(data: bytes, lines: list[str]) -> None:
    assert rows_of(parse(data, "export.xls")) == lines


def test_old_workbooks_are_read_under_the_new_name() -> None:
    assert "93.25%" in parse(old_sheet_file(VALUES, formats=FORMATS), "a.xlsx").text


def test_what_is_no_workbook_is_refused() -> None:
    for data in (b"PK\x03\x04 nothing", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"words"):
        with pytest.raises(ParseError) as caught:
            parse(data, "a.xls")
        assert caught.value.code == "broken"
    locked = b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(ParseError):
        parse(locked, "a.xlsx")


def test_ods_texts_are_those_that_are_shown() -> None:
    cell = "<table:table-cell{}><text:p>{}</text:p></table:table-cell>"
    styles = (
        '<style:style style:name="off" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
    )
    sheets = (
        '<table:table table:name="Bees"><table:table-row>'
        + cell.format("", "Hive") + cell.format("", "Honey") + cell.format("", "Share")
        + '</table:table-row><table:table-row table:number-rows-repeated="400000">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
        "<table:table-row>" + cell.format("", "oak") + '<table:table-cell/>'
        + cell.format(' office:value-type="percentage" office:value="0.251"', "25.1 %")
        + '</table:table-row><table:table-row table:visibility="collapse">'
        + cell.format("", "old hive") + "</table:table-row><table:table-row>"
        + cell.format("", "all")
        + '<table:table-cell table:formula="of:=SUM([.B2:.B4])"/></table:table-row></table:table>'
        '<table:table table:name="Notes" table:style-name="off"><table:table-row>'
        + cell.format("", "secret") + "</table:table-row></table:table>"
    )  # fmt: skip
    document = parse(ods_file(sheets, styles), "a.ods")
    assert rows_of(document) == [
        "| Hive | Honey | Share |",
        "| oak | | 25.1 % |",
        "| all | =SUM(B2:B4) | |",
    ]
    assert [(n.code, n.detail) for n in document.notices] == [
        ("hidden_rows", "Bees"),
        ("formula_without_value", "Bees: B400004"),
        ("hidden_sheet", "Notes"),
    ]


def test_a_csv_says_its_own_delimiter() -> None:
    document = parse(b"sep=|\nart;name|price\nnut|1,50\n", "a.csv")
    assert rows_of(document) == ["| art;name | price |", "| nut | 1,50 |"]
    assert document.locator(0, 5) == "row 2"
