"""What is in a file and not read is in its reading report."""

import io
import struct

import pytest
import xlsxwriter
from docx import Document as WordDocument
from PIL import Image
from pptx import Presentation
from pptx.util import Inches

from ingest.parsers import parse
from ingest.sheets.types import Sheet
from ingest.sheets.xls_cells import READ, Book, Reader, Record
from ingest.types import Notice
from tests.ingest.office_files import _properties, compound_file
from tests.ingest.parsers.compound_file import Storage
from tests.ingest.parsers.word_files import para, word_xml
from tests.ingest.tables.table_files import ods_file

PICTURE = (Notice("pictures", 1),)


def picture() -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(stream, "PNG")
    stream.seek(0)
    return stream


def test_pictures_of_word_and_slides_beside_text() -> None:
    word = WordDocument()
    word.add_paragraph("如图。")
    word.add_picture(picture())
    stream = io.BytesIO()
    word.save(stream)
    assert parse(stream.getvalue(), "a.docx").notices == PICTURE
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "如图"
    slide.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "旧阀"
    slide.shapes.add_picture(picture(), Inches(1), Inches(1))
    stream = io.BytesIO()
    deck.save(stream)
    assert parse(stream.getvalue(), "a.pptx").notices == PICTURE


def test_embedded_objects_of_word() -> None:
    body = para("见附表。") + para("<w:r><w:object><w:t/></w:object></w:r>") + "<w:altChunk/>"
    assert parse(word_xml(body), "a.docx").notices == (Notice("objects", 2),)


def test_pictures_and_charts_over_the_cells_of_a_sheet() -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("产量")
        sheet.write_row(0, 0, ["站", "吨"])
        sheet.write_row(1, 0, ["北", 5])
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=产量!$B$2:$B$2"})
        sheet.insert_chart(4, 4, chart)
        sheet.insert_image(20, 4, "a.png", {"image_data": picture()})
        book.add_worksheet("图").insert_image(0, 0, "a.png", {"image_data": picture()})
    assert parse(stream.getvalue(), "a.xlsx").notices == (
        Notice("pictures", 1, "产量"),
        Notice("charts", 1, "产量"),
        Notice("pictures", 1, "图"),
    )


def test_what_lies_over_the_cells_of_other_workbooks() -> None:
    draw = 'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
    sheets = (
        f'<table:table table:name="S" {draw}><table:shapes><draw:frame><draw:text-box>'
        "<text:p>采样点：三号井</text:p></draw:text-box></draw:frame>"
        "<draw:frame><draw:image/></draw:frame><draw:frame><draw:object/><draw:image/></draw:frame>"
        "</table:shapes><table:table-row><table:table-cell><text:p>钟</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    document = parse(ods_file(sheets), "a.ods")
    assert document.text.endswith("采样点：三号井")
    assert document.notices == (Notice("pictures", 1, "S"), Notice("charts", 1, "S"))
    sheet = Sheet("S")
    reader = Reader(Book(), sheet)
    sheet.add(2, 1, "规程")
    address = "https://x.test/5750\0"
    link = struct.pack("<HHHH", 2, 2, 1, 1) + bytes(24)
    link += bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b") + struct.pack("<I", 2 * len(address))
    records: list[tuple[int, bytes, bytes]] = [(0x1B8, link + address.encode("utf-16-le"), b"")]
    for kind, text in ((0x19, "复检"), (0x06, "采样点"), (0x08, ""), (0x05, "")):
        records.append((0x5D, struct.pack("<HHH", 0x15, 18, kind), b""))
        if text:
            size = bytes(10) + struct.pack("<H", len(text))
            records.append((0x1B6, size, b"\x01" + text.encode("utf-16-le")))
    for kind, data, rest in records:
        READ[kind](reader, Record(kind, data, (rest,)))
    reader.end()
    assert sheet.cells[2][1] == "规程 (https://x.test/5750)"
    assert (sheet.boxes, sheet.comments, sheet.pictures, sheet.charts) == (["采样点"], 1, 1, 1)


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8"])
def test_an_outlook_message_in_html_with_another_attached(encoding: str) -> None:
    words = "朱镕基题字，每份 5 元，由总务处领取。"
    html = f"<p>{words}</p>".encode(encoding)
    inner = _properties(bytes(8), {0x3001001F: "旧信".encode("utf-16-le")})
    head = struct.pack("<8xIIII8x", 0, 1, 0, 1)
    root = _properties(head, {0x0037001F: "通知".encode("utf-16-le"), 0x10130102: html})
    page = struct.pack("<HHIII", 3, 0x3FDE, 6, 936, 0)
    root.streams["__properties_version1.0"] += page
    data = compound_file(Storage(root.streams, {"__attach_version1.0_#00000000": inner}))
    text = parse(data, "a.msg").text
    assert words in text and "[旧信]" in text
