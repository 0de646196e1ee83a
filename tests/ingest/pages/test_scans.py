"""Text recognition on pictures drawn here, in Chinese and English."""

import io
import re

import pytest
from docx import Document as WordDocument
from PIL import Image, PngImagePlugin
from pptx import Presentation

from ingest.errors import ParseError
from ingest.parsers import parse
from ingest.types import BlockKind
from tests.ingest.files import pdf_file
from tests.ingest.pictures import drawn, drawn_table, saved

LINES = ["员工每年享有十天带薪年假。", "Annual leave is ten working days.", "病假须附医院证明。"]


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP"])
def test_pictures_are_read(kind: str) -> None:
    document = parse(saved(drawn(LINES), kind), f"扫描.{kind.lower()}")
    for line in LINES:
        assert bare(line) in bare(document.text)
    assert [span.page for span in document.pages] == [1]


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_turned_pages_are_turned_back(angle: int) -> None:
    turned = drawn(LINES).rotate(angle, expand=True)
    assert bare("".join(LINES)) in bare(parse(saved(turned, "PNG"), "a.png").text)


def test_a_page_without_text_layer_among_others_keeps_its_number() -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for data in (pdf_file([[("This page has a text layer.", 12)]]), saved(drawn(LINES), "PDF")):
        writer.append(PdfReader(io.BytesIO(data)))
    stream = io.BytesIO()
    writer.write(stream)
    document = parse(stream.getvalue(), "a.pdf")
    assert document.page_at(document.text.index("text layer")) == 1
    assert document.page_at(document.text.index("年假")) == 2


def test_scans_put_into_word_and_powerpoint_are_read() -> None:
    picture = io.BytesIO(saved(drawn(LINES), "PNG"))
    word, deck = WordDocument(), Presentation()
    word.add_picture(picture)
    deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_picture(picture, 0, 0)
    for office, name in ((word, "a.docx"), (deck, "a.pptx")):
        stream = io.BytesIO()
        office.save(stream)
        assert bare(LINES[0]) in bare(parse(stream.getvalue(), name).text)


def test_a_drawn_table_keeps_its_rows() -> None:
    rows = [["姓名", "Department", "月薪\nMonthly pay"], ["王芳", "Sales", "8200"],
            ["李明", "Research", "9600"]]  # fmt: skip
    document = parse(saved(drawn_table(rows), "PNG"), "a.png")
    found = [document.text[b.start : b.end] for b in document.blocks]
    assert [bare(row) for row in found] == [
        "|姓名|Department|月薪Monthlypay|",
        "|王芳|Sales|8200|",
        "|李明|Research|9600|",
    ]
    assert document.blocks[0].kind is BlockKind.TABLE_HEADER


def test_transparent_paper_is_white() -> None:
    black = drawn(LINES).convert("L")
    see_through = Image.merge("RGBA", [Image.new("L", black.size)] * 3 + [black.point(_invert)])
    assert "年假" in parse(saved(see_through, "PNG"), "a.png").text


def _invert(value: int) -> int:
    return 255 - value


def test_pictures_without_text_and_too_large_ones() -> None:
    with pytest.raises(ParseError) as caught:
        parse(saved(Image.new("RGB", (300, 200), "white"), "PNG"), "a.png")
    assert caught.value.code == "no_text"
    with pytest.raises(ParseError, match="30,000 × 30,000") as caught:
        parse(huge_png(30_000), "a.png")
    assert caught.value.code == "too_large"
    with pytest.raises(ParseError) as caught:
        parse(saved(drawn(LINES), "PNG")[:200], "a.png")
    assert caught.value.code == "broken"


def huge_png(side: int) -> bytes:
    """A PNG that says it is `side` pixels square; its data is not even there."""
    stream = io.BytesIO(b"")
    stream.write(b"\x89PNG\r\n\x1a\n")
    head = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    PngImagePlugin.putchunk(stream, b"IHDR", head)
    PngImagePlugin.putchunk(stream, b"IDAT", b"")
    PngImagePlugin.putchunk(stream, b"IEND", b"")
    return stream.getvalue()


@pytest.mark.parametrize("angle", [90, 270])
def test_lines_of_a_page_on_its_side_are_in_order(angle: int) -> None:
    lines = ["入库单由库管员填写", "出库单由领料人签字", "盘点每月末进行一次", "差异当日上报主管"]
    turned = drawn(lines, size=30, width=900).rotate(angle, expand=True)
    text = bare(parse(saved(turned, "PNG"), "a.png").text)
    assert [text.find(line) for line in lines] == sorted(text.find(line) for line in lines)
    assert all(line in text for line in lines)
