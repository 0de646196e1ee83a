"""The frames of a picture file, checked for size before they are decoded."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.errors import ParseError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 100_000_000  # an A3 page at 600 dpi has 70 million
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "MPO")
_MAX_FRAMES = 2000


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
