"""Small sheets, slides, books, messages and archives, made on the spot by other libraries."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage

import xlsxwriter
import xlwt
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from tests.ingest.parsers.compound_file import Storage, compound_file

Cell = str | int | float | None
Rows = Sequence[Sequence[Cell]]

SALARIES: Rows = [
    ["薪资表"],
    ["姓名", "部门", "月薪"],
    ["王芳", "销售", 8200],
    ["李明", "研发", 9600.5],
    [],
    ["Grade", "Bonus"],
    ["A", "2 months"],
]


def xlsx_file(sheets: Mapping[str, Rows], *, merged: Sequence[tuple[int, ...]] = ()) -> bytes:
    """`merged` are `(first row, first column, last row, last column, )` of the first sheet."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if cell is not None:
                        sheet.write(r, c, cell)
        for top, left, bottom, right in merged:
            text = next(iter(sheets.values()))[top][left]
            book.worksheets()[0].merge_range(top, left, bottom, right, text)
    return stream.getvalue()


def xls_file(sheets: Mapping[str, Rows]) -> bytes:
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if cell is not None:
                    sheet.write(r, c, cell)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def pptx_file() -> bytes:
    """A title slide, one with a list, a table and notes, one with a chart."""
    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[0])
    first.shapes.title.text = "季度总结"
    first.placeholders[1].text = "Sales team"
    second = deck.slides.add_slide(deck.slide_layouts[1])
    second.shapes.title.text = "目标"
    body = second.placeholders[1].text_frame
    body.text = "收入增长百分之十"
    item = body.add_paragraph()
    item.text, item.level = "华东区优先", 1
    table = second.shapes.add_table(2, 2, Inches(1), Inches(5), Inches(4), Inches(1)).table
    for row, cells in enumerate([("Region", "Target"), ("East", "120")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    second.notes_slide.notes_text_frame.text = "提醒大家看附件"
    third = deck.slides.add_slide(deck.slide_layouts[5])
    third.shapes.title.text = "Chart"
    data = CategoryChartData()
    data.categories = ["Q1", "Q2"]
    data.add_series("Income", (10, 20))
    third.shapes.add_chart(
        XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(2), Inches(4), Inches(3), data
    )
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def zip_file(members: Mapping[str, bytes | str], *, deflate: bool = True) -> bytes:
    stream = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in members.items():
            # without the time of day, so that the same members are the same file
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return stream.getvalue()


def odt_file() -> bytes:
    names = {"office": "office", "text": "text", "table": "table"}
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in names.items()
    )
    content = f"""<?xml version="1.0"?><office:document-content {spaces}><office:body><office:text>
<text:h text:outline-level="1">会议纪要</text:h>
<text:p>第一<text:s/>项<text:line-break/>second</text:p>
<text:list><text:list-item><text:p>签到</text:p></text:list-item></text:list>
<table:table><table:table-row><table:table-cell><text:p>项目</text:p></table:table-cell>
<table:table-cell><text:p>负责人</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell><text:p>搬迁</text:p></table:table-cell>
<table:table-cell><text:p>赵云</text:p></table:table-cell></table:table-row></table:table>
</office:text></office:body></office:document-content>"""
    return zip_file({"content.xml": content})


def epub_file(more: str = "") -> bytes:
    """A book of two chapters; `more` follows the last paragraph."""
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    )
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>小镇故事</dc:title></metadata><manifest>"
        '<item id="b" href="two.xhtml"/><item id="a" href="one%20.xhtml"/>'
        '<item id="n" href="nav.xhtml" properties="nav"/></manifest>'
        '<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    page = "<html><head><title>x</title></head><body><h1>{}</h1><p>{}</p></body></html>"
    return zip_file(
        {
            "META-INF/container.xml": container,
            "OPS/book.opf": book,
            "OPS/nav.xhtml": page.format("目录", "contents"),
            "OPS/two.xhtml": page.format("第二章", f"雨停了。{more}"),
            "OPS/one .xhtml": page.format("第一章", "镇上下雨。"),
        }
    )


def eml_file(attachments: Mapping[str, bytes] | None = None) -> bytes:
    """Plain and HTML bodies that say the same."""
    message = EmailMessage()
    message["Subject"] = "报销通知"
    message["From"] = "财务 <finance@example.com>"
    message["To"] = "all@example.com"
    message.set_content("请在周五前提交发票。\n")
    message.add_alternative("<p>请在周五前提交发票。</p>", subtype="html")
    for name, data in (attachments or {}).items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def msg_file(subject: str, body: str, attachment: tuple[str, bytes] | None = None) -> bytes:
    """An Outlook message; property tags are those of [MS-OXPROPS]."""
    storages = {}
    if attachment is not None:
        name, data = attachment
        storages["__attach_version1.0_#00000000"] = _properties(
            bytes(8), {0x3707001F: name.encode("utf-16-le"), 0x37010102: data}
        )
    head = struct.pack("<8xIIII8x", 0, 1, 0, len(storages))
    texts = {0x0037001F: subject, 0x1000001F: body, 0x0C1A001F: "陈静", 0x0C1F001F: "c@example.com"}
    root = _properties(head, {tag: text.encode("utf-16-le") for tag, text in texts.items()})
    return compound_file(Storage(root.streams, storages))


def _properties(head: bytes, values: Mapping[int, bytes]) -> Storage:
    listed = b"".join(
        struct.pack("<HHIII", tag & 0xFFFF, tag >> 16, 6, len(value), 0)
        for tag, value in values.items()
    )
    streams = {f"__substg1.0_{tag:08X}": value for tag, value in values.items()}
    return Storage({"__properties_version1.0": head + listed, **streams})


RTF = (
    rb"{\rtf1\ansi\ansicpg936{\fonttbl\f0 SimSun;}\f0 \'cd\'a8\'d6\'aa\par "
    rb"Office closed on Friday.\par"
    rb"{\trowd\cellx1000\cellx2000\intbl Day\cell Hours\cell\row}"
    rb"{\trowd\cellx1000\cellx2000\intbl Monday\cell 9-17\cell\row}}"
)
