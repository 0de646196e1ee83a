"""Pictures of text: photographs, screenshots, scans of one or more pages."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.builder import DocumentBuilder
from ingest.errors import ParseError
from ingest.layout import add_pages
from ingest.lines import Line, without_running_lines
from ingest.ocr import MAX_PIXELS, picture_lines
from ingest.parsers import PageProgress
from ingest.types import Document

if TYPE_CHECKING:
    from PIL.Image import Image

_MEDIA_TYPES = {"jpg": "jpeg", "tif": "tiff"}
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "MPO")
_MAX_FRAMES = 2000


class ImageParser:
    extensions = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
    signature = b"\x89PNG"  # or one of the others; Pillow looks

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        kind = name.rsplit(".", 1)[-1].lower()
        builder = DocumentBuilder(data, name, f"image/{_MEDIA_TYPES.get(kind, kind)}")
        pages: list[list[Line]] = []
        total = 1
        for frame in frames(data, name):
            pages.append(picture_lines(frame))
            total = max(total, len(pages))
            if on_page:
                on_page(len(pages), total)
        if not any(pages):
            raise ParseError(f"No text was recognised in {name}.", code="no_text")
        add_pages(builder, without_running_lines(pages))
        return builder.build()


def frames(data: bytes, name: str) -> Iterator["Image"]:
    """The pages of a picture, upright as its camera says. Sizes are checked before decoding.

    Raises ParseError `too_large` or `broken`.
    """
    from PIL import Image, ImageOps, ImageSequence

    Image.MAX_IMAGE_PIXELS = None  # ours is checked instead, with a reason
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        for number, frame in enumerate(ImageSequence.Iterator(picture), start=1):
            width, height = frame.size
            if width * height > MAX_PIXELS:
                raise ParseError(
                    f"{name} has {width:,} × {height:,} pixels; {MAX_PIXELS:,} in all is the "
                    "limit. Make it smaller or cut it up.",
                    code="too_large",
                )
            if number > _MAX_FRAMES:
                raise ParseError(f"{name} has more than {_MAX_FRAMES} pages.", code="too_large")
            yield _on_white(ImageOps.exif_transpose(frame) or frame)
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError) as error:
        raise ParseError(f"{name} is damaged or not a picture. Save it again and retry.") from error


def _on_white(picture: "Image") -> "Image":
    """What is transparent is paper."""
    from PIL import Image

    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        return picture.convert("RGB")
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture.convert("RGBA"))
    return paper.convert("RGB")


PARSER = ImageParser()
