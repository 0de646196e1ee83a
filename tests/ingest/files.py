"""Small files of each format, made on the spot."""

import io
from collections.abc import Sequence

from docx import Document as WordDocument


def word_file(*, title: str = "") -> bytes:
    """Headings, a paragraph, a list item, a table with a merged cell."""
    word = WordDocument()
    word.core_properties.title = title
    word.add_heading("员工手册", level=1)
    word.add_paragraph("本手册适用于全体员工。Read it carefully.")
    word.add_heading("请假", level=2)
    word.add_paragraph("年假每年十天", style="List Bullet")
    table = word.add_table(rows=3, cols=2)
    for row, cells in enumerate([("类别", "天数"), ("病假", "12"), ("", "15")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    stream = io.BytesIO()
    word.save(stream)
    return stream.getvalue()


def pdf_file(pages: Sequence[Sequence[tuple[str, int]]]) -> bytes:
    """A PDF whose pages are lines of `(text, type size)`; Chinese through a ToUnicode map."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        b"<</Type/Font/Subtype/Type0/BaseFont/Song/Encoding/Identity-H/DescendantFonts["
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Song/DW 1000/CIDSystemInfo"
        b"<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor"
        b"<</Type/FontDescriptor/FontName/Song/Flags 4/FontBBox[0 -200 1000 800]"
        b"/Ascent 800/Descent -200/ItalicAngle 0/CapHeight 700/StemV 80>>>>]/ToUnicode "
        + f"{4 + 2 * len(pages)} 0 R>>".encode(),
    ]
    for number, lines in enumerate(pages):
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>"
            f"/Contents {5 + 2 * number} 0 R>>".encode()
        )
        objects.append(content_stream(_content(lines)))
    objects.append(content_stream(_TO_UNICODE))
    return assembled(objects)


# Character codes are UTF-16 themselves, so the map is the identity, a row of 256 at a time.
_TO_UNICODE = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
    b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
    + b"".join(
        b"1 beginbfrange <%02X00> <%02XFF> <%02X00> endbfrange\n" % (high, high, high)
        for high in range(256)
    )
    + b"endcmap end end"
)


def _content(lines: Sequence[tuple[str, int]]) -> bytes:
    parts, y = ["BT"], 800.0
    for text, size in lines:
        y -= 2 * size
        parts.append(f"/F {size} Tf 1 0 0 1 50 {y:.1f} Tm <{text.encode('utf-16-be').hex()}> Tj")
    return "\n".join([*parts, "ET"]).encode()


def content_stream(content: bytes) -> bytes:
    """A stream object of a PDF."""
    return b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)


def assembled(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalogue."""
    out, offsets = io.BytesIO(), []
    out.write(b"%PDF-1.7\n")
    for number, content in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n" % (len(objects) + 1))
    out.write(b"%d\n%%%%EOF\n" % table)
    return out.getvalue()


def encrypted(pdf: bytes) -> bytes:
    """The same PDF behind a user password."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    writer.encrypt("secret", algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def drawn_pdf(
    words: Sequence[tuple[float, float, str] | tuple[float, float, str, int]],
    rules: Sequence[tuple[float, float, float, float]],
    *,
    visible: bool = True,
    scaled: bool = False,
) -> bytes:
    """One page of Latin words at `(x, y)`, of type size 10 where they say no other, and rules from
    `(x, y)` to `(x, y)`; `scaled` words are in a font of size 1 under a matrix."""
    lines = [f"{x0} {y0} m {x1} {y1} l S" for x0, y0, x1, y1 in rules]
    mode = 0 if visible else 3
    for x, y, text, *sizes in words:
        size = sizes[0] if sizes else 10
        font, scale = (1, size) if scaled else (size, 1)
        lines.append(f"BT /F {font} Tf {scale} 0 0 {scale} {x} {y} Tm {mode} Tr ({text}) Tj ET")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>"
        b"/Contents 5 0 R>>",
        content_stream("\n".join(lines).encode()),
    ]
    return assembled(objects)
