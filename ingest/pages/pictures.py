"""The frames of a picture file, checked for size before they are decoded."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingest.errors import ParseError

if TYPE_CHECKING:
    from PIL.Image import Image

EXTENSIONS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
MAX_PIXELS = 100_000_000  # an A3 page at 600 dpi has 70 million
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "MPO")
_MAX_FRAMES = 2000


def frames(data: bytes, name: str) -> Iterator["Image"]:
    """The pages of a picture, upright as its camera says. Sizes are checked before decoding.

    Raises ParseError `too_large` or `broken`.
    """
    from PIL import ImageSequence

    with _damage_named(name):
        for number, found in enumerate(ImageSequence.Iterator(_opened(data)), start=1):
            _check_size(found, name)
            if number > _MAX_FRAMES:
                raise ParseError(f"{name} has more than {_MAX_FRAMES} pages.", code="too_large")
            yield _upright(found)


def frame(data: bytes, name: str, number: int, width: int) -> "Image":
    """Page `number`, counted from 1, likewise; decoded smaller where its format can and `width`
    pixels stay.

    Raises ParseError `no_such_page`, `too_large` or `broken`.
    """
    with _damage_named(name):
        picture = _opened(data)
        count = getattr(picture, "n_frames", 1)
        if not 1 <= number <= min(count, _MAX_FRAMES):
            raise ParseError(f"{name} has {count} pages.", code="no_such_page")
        picture.seek(number - 1)
        _check_size(picture, name)
        picture.draft("RGB", (width, width))  # JPEG only; either side, as it may lie on one
        return _upright(picture)


def _opened(data: bytes) -> "Image":
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # ours is checked instead, with a reason
    return Image.open(io.BytesIO(data), formats=_FORMATS)


@contextmanager
def _damage_named(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError) as error:
        raise ParseError(f"{name} is damaged or not a picture. Save it again and retry.") from error


def _check_size(picture: "Image", name: str) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise ParseError(
            f"{name} has {width:,} × {height:,} pixels; {MAX_PIXELS:,} in all is the "
            "limit. Make it smaller or cut it up.",
            code="too_large",
        )


def _upright(picture: "Image") -> "Image":
    from PIL import ImageOps

    return _on_white(ImageOps.exif_transpose(picture) or picture)


def _on_white(picture: "Image") -> "Image":
    """What is transparent is paper."""
    from PIL import Image

    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        return picture.convert("RGB")
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture.convert("RGBA"))
    return paper.convert("RGB")
