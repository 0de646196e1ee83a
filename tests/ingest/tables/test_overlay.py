"""What a sheet shows besides plain cells: raised figures, links, text boxes, pictures, comments."""

import io
import zipfile

import xlsxwriter
import xlwt

from ingest.parsers import parse
from ingest.types import Notice
from tests.ingest.tables.read_tables import check_cells, rows_of
from tests.ingest.tables.table_files import ods_file, raw_sheet, spreadsheetml_file, text_cell


def test_raised_figures_links_text_boxes_and_comments_of_a_workbook() -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("水样")
        small = book.add_format({"font_script": 1})
        sheet.write_row(0, 0, ["指标", "数值", "依据"])
        sheet.write(1, 0, "菌落")
        sheet.write_rich_string(1, 1, "3×10", small, "4", " 个")
        sheet.write_url(1, 2, "https://std.example.com/5750", string="检验方法")
        sheet.write_comment(1, 1, "复检")
        sheet.insert_textbox(4, 0, "采样点：三号井")
        sheet.set_row(2, None, None, {"hidden": True})
    document = parse(stream.getvalue(), "a.xlsx")
    assert rows_of(document)[1] == "| 菌落 | 3×10⁴ 个 | 检验方法 (https://std.example.com/5750) |"
    assert document.text.endswith("采样点：三号井")
    assert document.notices == (Notice("comments", 1, "水样"),)
    check_cells(document)


def test_pictures_in_cells_are_counted_and_leave_no_formula() -> None:
    formula = 'DISPIMG("ID_5F0C",1)'
    rows = (
        f'<row r="1">{text_cell("A1", "外观")}{text_cell("B1", "型号")}</row>'
        f'<row r="2"><c r="A2" t="str"><f>_xlfn.{formula}</f><v>={formula}</v></c>'
        f"{text_cell('B2', 'T-40')}</row>"
        f'<row r="3"><c r="A3" t="e" vm="1"><v>#VALUE!</v></c>{text_cell("B3", "T-41")}</row>'
        f'<row r="4"><c r="A4" t="e"><v>#VALUE!</v></c>{text_cell("B4", "T-42")}</row>'
    )
    document = parse(raw_sheet(rows), "a.xlsx")
    assert rows_of(document)[1:] == ["| | T-40 |", "| | T-41 |", "| #VALUE! | T-42 |"]
    assert document.notices == (Notice("pictures", 2, "Sheet"),)


def test_links_and_comments_of_other_workbooks() -> None:
    xml = spreadsheetml_file().replace(
        b'<Data ss:Type="String">Batch</Data>',
        b'<Comment><ss:Data>why?</ss:Data></Comment><Data ss:Type="String">Batch</Data>',
    )
    xml = xml.replace(
        b'<Cell ss:MergeAcross="1">', b'<Cell ss:MergeAcross="1" ss:HRef="http://k7.example.com">'
    )
    document = parse(xml, "a.xls")
    assert rows_of(document)[0].startswith("| Batch |")
    assert "K7 (http://k7.example.com)" in document.text
    assert Notice("comments", 1, "Yields") in document.notices
    cell = "<table:table-cell>{}</table:table-cell>"
    link = '<text:p><text:a xmlns:x="http://www.w3.org/1999/xlink" x:href="https://b.example.com">站点</text:a></text:p>'
    sheet = (
        f'<table:table table:name="S"><table:table-row>{cell.format(link)}'
        f"{cell.format('<text:p>钟</text:p><office:annotation/>')}</table:table-row></table:table>"
    )
    document = parse(ods_file(sheet), "a.ods")
    assert "站点 (https://b.example.com)" in document.text
    assert document.notices == (Notice("comments", 1, "S"),)


def test_a_damaged_drawing_and_empty_text_boxes_add_nothing() -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.add_worksheet("水样").write_row(0, 0, ["指标", "数值"])
        book.add_worksheet("空").insert_textbox(1, 1, " ")
        book.get_worksheet_by_name("水样").insert_textbox(4, 0, "采样点")
    assert parse(stream.getvalue(), "a.xlsx").text == "水样\n\n| 指标 | 数值 |\n\n采样点"
    damaged = io.BytesIO()
    with zipfile.ZipFile(stream) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[:-9] if "drawings/drawing" in name else content)
    assert "采样点" not in parse(damaged.getvalue(), "a.xlsx").text


def test_a_formula_of_an_old_workbook_without_a_result_is_reported() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("账")
    for row, cells in enumerate([("项", "元"), ("米", 5), ("油", 7)]):
        for column, value in enumerate(cells):
            sheet.write(row, column, value)
    sheet.write(3, 0, "合计")
    sheet.write(3, 1, xlwt.Formula("SUM(B2:B3)"))
    stream = io.BytesIO()
    book.save(stream)
    document = parse(stream.getvalue(), "a.xls")
    assert document.notices == (Notice("formula_without_value", 1, "账: B4"),)
