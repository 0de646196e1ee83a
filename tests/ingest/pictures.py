"""Text drawn as pictures, with whatever font here knows Chinese."""

import io
import subprocess
from collections.abc import Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

_MARGIN = 60


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Raises RuntimeError where no font has Chinese: `apt-get install fonts-noto-cjk`."""
    match = subprocess.run(
        ["fc-match", "--format=%{file}\n%{lang}", "sans:lang=zh-cn"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    path, languages = match.stdout.split("\n", 1)
    if "zh-cn" not in languages:
        raise RuntimeError("no font for Chinese; install fonts-noto-cjk")
    return ImageFont.truetype(path, size)


def drawn(lines: Sequence[str], *, size: int = 40, width: int = 1240) -> Image.Image:
    picture = Image.new("RGB", (width, 2 * _MARGIN + 2 * size * len(lines)), "white")
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((_MARGIN, _MARGIN + 2 * size * number), line, "black", font(size))
    return picture


def drawn_table(
    rows: Sequence[Sequence[str]], *, cell: tuple[int, int] = (360, 110)
) -> Image.Image:
    """Rows in a grid of rules; a `\\n` in a cell is a second line."""
    wide, high = cell
    size = (2 * _MARGIN + wide * len(rows[0]), 2 * _MARGIN + high * len(rows))
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            left, top = _MARGIN + c * wide, _MARGIN + r * high
            pen.rectangle((left, top, left + wide, top + high), outline="black", width=2)
            pen.text((left + 16, top + 10), text, "black", font(32))
    return picture


def saved(picture: Image.Image, kind: str) -> bytes:
    """As PNG, JPEG, TIFF, WEBP, BMP or PDF."""
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()
