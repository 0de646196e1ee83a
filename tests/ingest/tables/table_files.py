"""Small files with one table each, in every format that has tables, made on the spot."""

import io
from collections.abc import Mapping, Sequence

import xlsxwriter
import xlwt
from docx import Document as WordDocument
from pptx import Presentation
from pptx.util import Inches

from tests.ingest.office_files import zip_file

Rows = Sequence[Sequence[object]]
Merges = Sequence[tuple[int, int, int, int]]  # first row and column, last row and column

_ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table", "style")
)
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT_SHEET = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_RELATION = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def docx_table(rows: Rows, merges: Merges = ()) -> bytes:
    word = WordDocument()
    table = word.add_table(rows=len(rows), cols=len(rows[0]))
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            table.cell(row, column).text = str(text or "")
    for top, left, bottom, right in merges:
        table.cell(top, left).merge(table.cell(bottom, right))
    stream = io.BytesIO()
    word.save(stream)
    return stream.getvalue()


def pptx_table(rows: Rows, merges: Merges = ()) -> bytes:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    size = (Inches(1), Inches(1), Inches(6), Inches(3))
    table = slide.shapes.add_table(len(rows), len(rows[0]), *size).table
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            table.cell(row, column).text = str(text or "")
    for top, left, bottom, right in merges:
        table.cell(top, left).merge(table.cell(bottom, right))
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def odt_table(rows: str) -> bytes:
    """`rows` are the table's own XML."""
    body = f"<table:table>{rows}</table:table>"
    content = (
        f"<office:document-content {_ODF}><office:body><office:text>{body}</office:text>"
        "</office:body></office:document-content>"
    )
    return zip_file({"content.xml": content})


def ods_file(sheets: str, styles: str = "") -> bytes:
    """`sheets` and `styles` are XML."""
    content = (
        f"<office:document-content {_ODF}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:spreadsheet>{sheets}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return zip_file(
        {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content}
    )


def sheet_file(
    rows: Rows, merges: Merges = (), *, formats: Mapping[tuple[int, int], str] | None = None
) -> bytes:
    """An xlsx file of one sheet; `formats` are number formats by place."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Sheet")
        styles = {
            place: book.add_format({"num_format": code}) for place, code in (formats or {}).items()
        }
        for row, cells in enumerate(rows):
            for column, value in enumerate(cells):
                if value is not None and value != "":
                    sheet.write(row, column, value, styles.get((row, column)))
        for top, left, bottom, right in merges:
            sheet.merge_range(top, left, bottom, right, rows[top][left])
    return stream.getvalue()


def old_sheet_file(rows: Rows, *, formats: Mapping[tuple[int, int], str] | None = None) -> bytes:
    """The same as xls, with a hidden sheet, row 3 and column D hidden."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet")
    for row, cells in enumerate(rows):
        for column, value in enumerate(cells):
            code = (formats or {}).get((row, column))
            style = xlwt.easyxf(num_format_str=code) if code else xlwt.Style.default_style
            if value is not None:
                sheet.write(row, column, value, style)
    sheet.row(2).hidden = True
    sheet.col(3).hidden = True
    secret = book.add_sheet("Internal")
    secret.write(0, 0, "not to be seen")
    secret.visibility = 1
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def book_with_hidden_parts() -> bytes:
    """An xlsx file with a row, a column and two sheets that are not shown."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        shown, hidden, deep = (book.add_worksheet(name) for name in ("Shop", "Costs", "Keys"))
        for row, cells in enumerate([("Item", "Paid", "Price"), ("cup", 3, 9), ("jug", 8, 21)]):
            shown.write_row(row, 0, cells)
        shown.merge_range(3, 1, 3, 2, "on request")
        shown.write(3, 0, "vase")
        shown.set_column(1, 1, None, None, {"hidden": True})
        shown.set_row(2, None, None, {"hidden": True})
        hidden.write(0, 0, "margin 40")
        hidden.hide()
        deep.write(0, 0, "token 77")
        deep.very_hidden()
    return stream.getvalue()


def raw_sheet(
    rows: str, *, before: str = "", after: str = "", strict: bool = False, styles: str = ""
) -> bytes:
    """An xlsx file of one sheet from its XML, as other programs than Excel write it."""
    space = _STRICT_SHEET if strict else _SHEET
    relation = _STRICT_RELATION if strict else _RELATION
    parts = {"worksheet": "worksheets/sheet1.xml", "styles": "styles.xml"}
    listed = "".join(
        f'<Relationship Id="r{kind}" Type="{relation}/{kind}" Target="{target}"/>'
        for kind, target in parts.items()
    )
    return zip_file(
        {
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" '
            f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{relation}"><sheets>'
            '<sheet name="Sheet" sheetId="1" r:id="rworksheet"/></sheets>'
            '<calcPr fullCalcOnLoad="1"/></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{listed}'
            "</Relationships>",
            "xl/styles.xml": f'<styleSheet xmlns="{space}">{styles}</styleSheet>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{space}">{before}<sheetData>{rows}'
            f"</sheetData>{after}</worksheet>",
        }
    )


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def spreadsheetml_file() -> bytes:
    """What Excel 2003 saved as XML: a skipped column, a hidden row, a merged cell, a percentage."""
    return (
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        b'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" '
        b'xmlns:x="urn:schemas-microsoft-com:office:excel"><Styles><Style ss:ID="p">'
        b'<NumberFormat ss:Format="Percent"/></Style></Styles><Worksheet ss:Name="Yields"><Table>'
        b'<Row><Cell><Data ss:Type="String">Batch</Data></Cell>'
        b'<Cell ss:Index="3"><Data ss:Type="String">Yield</Data></Cell></Row>'
        b'<Row ss:Hidden="1"><Cell><Data ss:Type="String">trial</Data></Cell></Row>'
        b'<Row><Cell ss:MergeAcross="1"><Data ss:Type="String">K7</Data></Cell>'
        b'<Cell ss:StyleID="p"><Data ss:Type="Number">0.5</Data></Cell></Row>'
        b"</Table></Worksheet></Workbook>"
    )
