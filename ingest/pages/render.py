"""A page of a file as a picture, of the size that is asked for and no larger."""

import io
from dataclasses import dataclass
from math import sqrt
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ingest.errors import ParseError
from ingest.pages import pictures
from ingest.pages.pdf.pages import opened

if TYPE_CHECKING:
    from PIL.Image import Image

MEDIA_TYPE = "image/webp"
NO_SUCH_PAGE = "no_such_page"  # code of the error
_MAX_PIXELS = 8_000_000  # a long page gets narrower than was asked for
_MAX_SIDE_PX = 16_000  # WebP ends at 16,383
_QUALITY, _METHOD = 80, 2  # a page of text: 90 KiB and 25 ms at 800 pixels; PNG takes twice that


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """`content` is WebP, of this width and height in pixels."""

    content: bytes
    width: int
    height: int


def has_pages(name: str) -> bool:
    """Whether a file of this name is one whose pages can be shown."""
    return _suffix(name) == ".pdf" or _suffix(name) in pictures.EXTENSIONS


def render(data: bytes, name: str, page: int, width: int) -> RenderedPage:
    """Page `page`, counted from 1, `width` pixels wide at most.

    Raises ParseError: `no_such_page`, `encrypted`, `broken`, `too_large`.
    """
    if _suffix(name) == ".pdf":
        picture = _pdf_page(data, name, page, width)
    else:
        picture = _scaled(pictures.frame(data, name, page, width), width)
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=_QUALITY, method=_METHOD)
    return RenderedPage(stream.getvalue(), *picture.size)


def _pdf_page(data: bytes, name: str, number: int, width: int) -> "Image":
    with opened(data, name) as pdf:
        if not 1 <= number <= len(pdf):
            raise ParseError(f"{name} has {len(pdf)} pages.", code=NO_SUCH_PAGE)
        page = pdf[number - 1]
        try:
            # PDFium rounds up, and 595 points are 1600.0000000000002 pixels.
            scale = _scale(page.get_width(), page.get_height(), width) * (1 - 1e-9)
            bitmap = page.render(scale=scale)
            try:
                picture: Image = bitmap.to_pil().convert("RGB")
                return picture
            finally:
                bitmap.close()
        finally:
            page.close()


def _scaled(picture: "Image", width: int) -> "Image":
    """No larger than the picture is."""
    scale = min(_scale(*picture.size, width), 1.0)
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    return picture if size == picture.size else picture.resize(size, reducing_gap=2.0)


def _scale(page_width: float, page_height: float, width: int) -> float:
    page_width, page_height = max(page_width, 1.0), max(page_height, 1.0)
    area = sqrt(_MAX_PIXELS / (page_width * page_height))
    return min(width / page_width, area, _MAX_SIDE_PX / page_height)


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
