"""Pages as pictures, drawn in a sandbox: a hostile one costs no other."""

import io
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image

from ingest.errors import ParseError
from ingest.pages.render import RenderedPage, has_pages, render
from ingest.sandbox.sandbox import Limits, Sandbox
from tests.ingest.files import assembled, content_stream, drawn_pdf, encrypted, pdf_file
from tests.ingest.pages.pages_seen import resized, turned
from tests.ingest.pages.pdf_parts import form_pdf
from tests.ingest.parsers.test_hostile import looping_pdf
from tests.ingest.pictures import drawn, saved

PDF = drawn_pdf([(60, 700, "Keep the gate shut.")], [])


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(stall_s=10, total_s=10, memory_mib=512)) as one:
        yield one


def pixels(page: RenderedPage) -> Image.Image:
    return Image.open(io.BytesIO(page.content), formats=("WEBP",)).convert("L")


def ink(picture: Image.Image, *share: float) -> bool:
    """Whether something dark stands in this part of the page."""
    width, height = picture.size
    left, top, right, bottom = share
    box = (int(left * width), int(top * height), int(right * width), int(bottom * height))
    return picture.crop(box).getextrema()[0] < 128  # type: ignore[operator]  # one band


def inflating_pdf(side: int) -> bytes:
    """A picture of this many pixels a side in a few bytes, drawn over the page."""
    content = zlib.compress(bytes(side * side // 8), 9)
    image = (
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray"
        b"/BitsPerComponent 1/Filter/FlateDecode/Length %d>>stream\n%s\nendstream"
        % (side, side, len(content), content)
    )
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
            image,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</I 3 0 R>>>>"
            b"/Contents 5 0 R>>",
            content_stream(b"595 0 0 842 0 0 cm /I Do"),
        ]
    )


def test_a_page_is_drawn_as_it_is_shown(sandbox: Sandbox) -> None:
    upright = pixels(sandbox.render(PDF, "a.pdf", 1, 600))
    assert upright.size == (600, 850)
    assert ink(upright, 0.05, 0.12, 0.4, 0.2) and not ink(upright, 0, 0.3, 1, 1)
    lying = pixels(sandbox.render(turned(PDF, 90), "a.pdf", 1, 600))
    assert lying.width > lying.height
    assert ink(lying, 0.8, 0.05, 0.9, 0.4) and not ink(lying, 0, 0, 0.7, 1)


def test_what_is_typed_into_a_form_is_seen(sandbox: Sandbox) -> None:
    form = form_pdf([(60, 700, "Remarks:")], [((200, 690, 400, 720), "Seal broken")])
    assert ink(pixels(sandbox.render(form, "a.pdf", 1, 800)), 0.33, 0.14, 0.68, 0.19)


def test_each_page_of_a_scan_is_drawn(sandbox: Sandbox) -> None:
    stream = io.BytesIO()
    first, second = drawn(["货梯"]), drawn(["载重", "限制"])
    first.save(stream, "TIFF", save_all=True, append_images=[second])
    for number, page in ((1, first), (2, second)):
        found = sandbox.render(stream.getvalue(), "a.tiff", number, 620)
        assert (found.width, found.height) == (620, page.height // 2)
        assert (found.width, found.height) == pixels(found).size


@pytest.mark.parametrize(
    ("name", "data", "page", "code"),
    [
        ("a.pdf", PDF, 2, "no_such_page"),
        ("a.pdf", PDF, 0, "no_such_page"),
        ("a.png", saved(drawn(["x"]), "PNG"), 2, "no_such_page"),
        ("locked.pdf", encrypted(pdf_file([[("x", 9)]])), 1, "encrypted"),
        ("half.pdf", pdf_file([[("x", 9)]])[:300], 1, "broken"),
        ("half.png", saved(drawn(["货梯每周"]), "PNG")[:200], 1, "broken"),
    ],
)
def test_what_cannot_be_drawn_says_why(
    sandbox: Sandbox, name: str, data: bytes, page: int, code: str
) -> None:
    with pytest.raises(ParseError) as caught:
        sandbox.render(data, name, page, 600)
    assert caught.value.code == code and name in str(caught.value)
    assert sandbox.render(PDF, "next.pdf", 1, 320).width == 320


# Made in the test: inflating.pdf takes seconds and 450 MB.
HOSTILE = {
    "inflating.pdf": lambda: inflating_pdf(60_000),
    "huge.pdf": lambda: resized(PDF, 14_400, 14_400),
    "thin.pdf": lambda: resized(PDF, 1, 14_400),
    "loop.pdf": looping_pdf,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_end_within_bounds(sandbox: Sandbox, name: str) -> None:
    """Drawn small, or refused; either way the next one is drawn."""
    try:
        found = sandbox.render(HOSTILE[name](), name, 1, 1600)
    except ParseError as error:
        assert error.code in ("memory", "crashed", "timeout", "broken", "no_such_page", "internal")
    else:
        assert found.width <= 1600 and found.width * found.height < 8_100_000
        assert found.height <= 16_000
    assert sandbox.render(PDF, "next.pdf", 1, 320).width == 320


def test_a_process_reads_and_draws_in_turn(sandbox: Sandbox) -> None:
    pid = sandbox.pid
    assert sandbox.parse(PDF, "a.pdf").text == "Keep the gate shut."
    assert sandbox.render(PDF, "a.pdf", 1, 400).content == render(PDF, "a.pdf", 1, 400).content
    assert sandbox.pid == pid


def test_pages_are_those_of_pdfs_and_pictures() -> None:
    assert has_pages("a.PDF") and has_pages("扫描.jpeg")
    assert not any(has_pages(name) for name in ("a.docx", "a.md", "pdf", "a.pdf.zip"))
