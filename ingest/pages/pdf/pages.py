"""Pages of a PDF as lines, through PDFium: text, ruled tables, scans."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from ctypes import c_int
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from ingest.errors import ParseError
from ingest.pages.lines import Line, Page
from ingest.pages.pdf.annotations import (
    TypedTextPage,
    comment_count,
    typed_texts,
    with_typed,
)
from ingest.pages.pdf.columns import in_columns
from ingest.pages.pdf.loose_tables import with_loose_tables
from ingest.pages.pdf.raised import with_raised
from ingest.pages.pdf.tables import with_tables
from ingest.pages.pdf.text_layer import characters_left_of, text_lines, unmapped_words
from ingest.pages.pdf.upright import turn, upright
from ingest.parsing.page_view import PageView
from ingest.parsing.parser import PageProgress
from ingest.tables.boxes import Box

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

_PDFIUM = threading.Lock()  # the library is not thread-safe
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_MIN_CHARACTERS = 12  # below it any picture on the page may hold the text
_MAX_STAMP_CHARACTERS = 150  # of text laid over a scan: a camera app's line, a date stamp
_COVERED_SHARE = 0.5
_MAX_PICTURES = 200
_SCAN_SIDE_PX = 2000  # what text recognition looks at
_FINE = 1 << 20  # pixels across a page of which PDFium tells where a point comes to lie
_LETTER = re.compile(r"[^\W_]")
_UNREADABLE = re.compile("[\ue000-\uf8ff\ufffd\U000f0000-\U0010fffd]")


def read_pages(data: bytes, name: str, on_page: PageProgress | None = None) -> list[Page]:
    """Every page with its lines.

    Raises ParseError `encrypted` or `broken`.
    """
    with opened(data, name) as pdf:
        return _all_pages(pdf, on_page)


@contextmanager
def opened(data: bytes, name: str) -> Iterator["PdfDocument"]:
    """The PDF with its forms; nobody else uses the library meanwhile.

    Raises ParseError `encrypted` or `broken`.
    """
    from pypdfium2 import PdfDocument, PdfiumError

    with _PDFIUM:
        try:
            pdf = PdfDocument(data)
        except PdfiumError as error:
            raise _refusal(name, error.err_code) from error
        try:
            pdf.init_forms()
            yield pdf
        except PdfiumError as error:
            raise _refusal(name, None) from error
        finally:
            pdf.close()


def _refusal(name: str, code: int | None) -> ParseError:
    if code == _PASSWORD_ERROR:
        return ParseError(
            f"{name} is protected with a password. Remove the password and upload it again.",
            code="encrypted",
        )
    return ParseError(f"{name} is damaged or not a PDF. Export it again and retry.")


def _all_pages(pdf: "PdfDocument", on_page: PageProgress | None) -> list[Page]:
    pages: list[Page] = []
    total = len(pdf)
    for index in range(total):
        pages.append(_page(pdf, index))
        if on_page:
            on_page(index + 1, total)
    return pages


def _page(pdf: "PdfDocument", index: int) -> Page:
    with closing(pdf[index]) as page:
        view = _view(page)
        with closing(page.get_textpage()) as text:
            matrix = upright(page, text)
            lines = _lines(pdf, page, text) if matrix is None else []
            codes = unmapped_words(text)
        comments = comment_count(page)
        if codes and not _are_shown(codes, found := _recognised(page, own_text=True)):
            return Page(found, view, comments)
        if matrix is None:
            return Page(_with_picture(page, lines), view, comments)
        turn(page, matrix)
    with closing(pdf[index]) as page:
        with closing(page.get_textpage()) as text:
            lines = _lines(pdf, page, text)
        return Page(_with_picture(page, lines), view.turned(matrix), comments)


def _view(page: "PdfPage") -> PageView:
    """As PDFium shows the page: turned and cropped."""
    from pypdfium2 import raw

    width, height = page.get_width(), page.get_height()
    x, y = c_int(), c_int()

    def share(at: tuple[float, float]) -> tuple[float, float]:
        raw.FPDF_PageToDevice(page, 0, 0, _FINE, _FINE, 0, *at, x, y)
        return x.value / _FINE, y.value / _FINE

    side = max(width, height, 1.0)
    (c, f), (ac, df), (bc, ef) = share((0, 0)), share((side, 0)), share((0, side))
    across = ((ac - c) / side, (bc - c) / side, c)
    down = ((df - f) / side, (ef - f) / side, f)
    return PageView(width, height, across, down)


def _lines(pdf: "PdfDocument", page: "PdfPage", own: "PdfTextPage") -> list[Line]:
    text = with_raised(own)
    lines = in_columns(text_lines(text), text)
    typed = typed_texts(pdf, page)
    if not typed:
        return with_loose_tables(with_tables(page, text, lines), text)
    lines = with_typed(lines, typed, partial(characters_left_of, text))
    return with_tables(page, TypedTextPage(text, typed), lines)


def _with_picture(page: "PdfPage", lines: list[Line]) -> list[Line]:
    """With what is recognised in pictures, where the page's own text is none or only a stamp."""
    text = "".join(line.text for line in lines)
    letters = sum(1 for _ in islice(_LETTER.finditer(text), _MAX_STAMP_CHARACTERS))
    hidden = not letters or len(_UNREADABLE.findall(text)) > 0.5 * len(text)
    little = letters < _MIN_CHARACTERS or hidden
    if little and _is_picture(page, hidden=hidden):
        found = _recognised(page, own_text=hidden)
    elif letters < _MAX_STAMP_CHARACTERS and _is_covered(page) and not _is_searchable(page):
        found = _recognised(page, own_text=False)
    else:
        return lines
    if hidden and found:
        return found
    middle = page.get_height() / 2
    above = [line for line in lines if line.bottom > middle]
    return [*above, *found, *(line for line in lines if line.bottom <= middle)]


def _are_shown(words: Sequence[str], found: Sequence[Line]) -> bool:
    """Whether most of the words are among what was recognised, if anything was."""
    cells = (cell.text for line in found for row in line.rows for cell in row)
    seen = "".join([*(line.text for line in found), *cells]).replace(" ", "")
    return not seen or sum(word in seen for word in words) >= 0.5 * len(words)


def _is_picture(page: "PdfPage", *, hidden: bool) -> bool:
    """Letters in private codes, `hidden` from us, are a picture as well."""
    from pypdfium2 import raw

    kinds = [raw.FPDF_PAGEOBJ_IMAGE, *([raw.FPDF_PAGEOBJ_TEXT] if hidden else [])]
    return next(page.get_objects(filter=kinds), None) is not None


def _is_covered(page: "PdfPage") -> bool:
    """Whether pictures lie over most of the page."""
    from pypdfium2 import raw

    pictures = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)
    bounds = (picture.get_bounds() for picture in islice(pictures, _MAX_PICTURES))
    area = sum((right - left) * (top - bottom) for left, bottom, right, top in bounds)
    return bool(area > _COVERED_SHARE * page.get_width() * page.get_height())


def _is_searchable(page: "PdfPage") -> bool:
    """Whether the page's text is not drawn: what another program has recognised in the picture."""
    from pypdfium2 import raw

    texts = page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=3)
    modes = {raw.FPDFTextObj_GetTextRenderMode(words) for words in texts}
    return modes == {raw.FPDF_TEXTRENDERMODE_INVISIBLE}


def _recognised(page: "PdfPage", *, own_text: bool) -> list[Line]:
    """Lines found in the page's picture, in points; drawn without the page's own text unless
    `own_text`."""
    from pypdfium2 import raw

    from ingest.pages.ocr import picture_lines

    if not own_text:
        for words in list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=1)):
            page.remove_obj(words)
    scale = min(_SCAN_SIDE_PX / max(page.get_width(), page.get_height(), 1), 8)
    bitmap = page.render(scale=scale)
    try:
        picture, view = bitmap.to_pil(), _view(page)
        return [_in_points(line, scale, view, picture.size) for line in picture_lines(picture)]
    finally:
        bitmap.close()


def _in_points(line: Line, scale: float, view: PageView, size: tuple[int, int]) -> Line:
    """A line of a picture of the page, `size` in pixels."""

    def place(box: Box | None) -> Box | None:
        if box is None:
            return None
        corners = (box[0] / size[0], box[1] / size[1]), (box[2] / size[0], box[3] / size[1])
        return (*view.point(*corners[0]), *view.point(*corners[1]))

    return replace(
        line,
        left=line.left / scale,
        right=line.right / scale,
        bottom=line.bottom / scale,
        box=place(line.box),
        rows=tuple(tuple(cell._replace(box=place(cell.box)) for cell in row) for row in line.rows),
    )
