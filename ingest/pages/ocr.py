"""Text recognition through RapidOCR on OpenVINO, the PP-OCR models being in its wheel.

Chinese (both scripts) and English. A page takes one to several seconds on a core; the models are
loaded with the first picture, 0.5 GB of memory with their buffers.
"""

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ingest.errors import ParseError
from ingest.pages.lines import Line
from ingest.pages.pictures import frames
from ingest.pages.scan_layout import OcrBox, to_lines
from ingest.pages.scan_rules import drawn_rules
from ingest.parsing.builder import DocumentBuilder
from ingest.tables.boxes import Box

if TYPE_CHECKING:
    from PIL.Image import Image

_SURE = 0.85  # mean score of text that stands upright
_AS_GOOD = 0.8  # of the score before turning, where the order is better for it
_TALL = 1.5  # height by width of a line set upright
_LONG = 2.5  # a screenshot longer than this many times its width is read in pieces
_PIECE = 1.5  # widths
_MIN_TABLE_BOXES = 3


def picture_lines(picture: "Image") -> list[Line]:
    """The text of a page in reading order; turned pages are turned back. Empty without text.

    Each `box` is in pixels of the picture as it was given, from its upper left corner.
    """
    boxes, upright, angle = _upright(picture)
    rules = drawn_rules(upright) if len(boxes) > _MIN_TABLE_BOXES else []
    lines = to_lines(boxes, rules, *upright.size)
    return [turned_back(line, angle, *picture.size) for line in lines] if angle else lines


def turned_back(line: Line, angle: int, width: int, height: int) -> Line:
    """The line with the boxes that it has in a picture of this size before that was turned by
    `angle` degrees against the clock."""

    def back(box: Box | None) -> Box | None:
        if box is None:
            return None
        left, top, right, bottom = box
        if angle == 90:
            return width - bottom, left, width - top, right
        if angle == 180:
            return width - right, height - bottom, width - left, height - top
        return top, height - right, bottom, height - left

    rows = tuple(tuple(cell._replace(box=back(cell.box)) for cell in row) for row in line.rows)
    return replace(line, box=back(line.box), rows=rows)


def _upright(picture: "Image") -> tuple[list[OcrBox], "Image", int]:
    """The boxes of the picture as it is read, the picture turned to that side, and by how many
    degrees against the clock.

    Lines that stand upright are each turned by the recogniser and may read well, but their order is
    that of a page lying on its side: such a page is always turned.
    """
    boxes = _recognise(picture)
    sideways = _is_sideways(boxes)
    if not boxes or not (sideways or _score(boxes) < _SURE * _letters(boxes)):
        return boxes, picture, 0
    readings = [(boxes, picture, 0)]
    for angle in (90, 270, 180) if sideways else (180, 90, 270):
        if angle != 180 and not any(_is_sideways(found) for found, _, _ in readings):
            break  # no reading has hinted at a page on its side
        if angle == 180 and sideways and any(not _is_sideways(found) for found, _, _ in readings):
            break
        other = picture.rotate(angle, expand=True)
        readings.append((_recognise(other), other, angle))
        found = readings[-1][0]
        if not _is_sideways(found) and _is_sure(found, _letters(boxes)):
            return readings[-1]
    return max(readings, key=lambda one: _score(one[0]) * (_AS_GOOD if _is_sideways(one[0]) else 1))


def _is_sure(boxes: list[OcrBox], letters: int) -> bool:
    """Read well, and not much less than the `letters` of an earlier reading."""
    return _letters(boxes) >= max(_AS_GOOD * letters, 1) and _score(boxes) > _SURE * _letters(boxes)


def _is_sideways(boxes: list[OcrBox]) -> bool:
    return sum(box.height > _TALL * box.width for box in boxes) > len(boxes) / 2


def add_picture(builder: DocumentBuilder, data: bytes) -> None:
    """Add the text of a picture inside another file; one that cannot be read adds nothing."""
    try:
        for frame in frames(data, "picture"):
            for line in picture_lines(frame):
                if line.rows:
                    builder.table(line.rows)
                else:
                    builder.paragraph(line.text, tight=True)
    except ParseError:
        return


def _recognise(picture: "Image") -> list[OcrBox]:
    """Long pictures piece by piece, each cut where a line would be read twice rather than lost."""
    width, height = picture.size
    if height <= _LONG * width or width < 64:
        return _read(picture, 0)
    step = int(_PIECE * width)
    overlap = step // 16
    boxes: list[OcrBox] = []
    for top in range(0, height, step):
        piece = picture.crop((0, max(top - overlap, 0), width, min(top + step, height)))
        for box in _read(piece, max(top - overlap, 0)):
            if not any(box.repeats(other) for other in boxes[-40:]):
                boxes.append(box)
    return boxes


def _read(picture: "Image", top: int) -> list[OcrBox]:
    import numpy as np

    pixels = np.asarray(picture.convert("RGB"))[:, :, ::-1]  # the models want BGR
    result = _engine()(np.ascontiguousarray(pixels), use_cls=False)
    if result.boxes is None or result.txts is None:
        return []
    return [
        OcrBox(
            text,
            float(score),
            float(corners[:, 0].min()),
            float(corners[:, 1].min()) + top,
            float(corners[:, 0].max()),
            float(corners[:, 1].max()) + top,
        )
        for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
        if text.strip()
    ]


@cache
def _engine() -> Any:  # RapidOCR has no stubs
    from rapidocr import EngineType, RapidOCR

    engines = {f"{part}.engine_type": EngineType.OPENVINO for part in ("Det", "Cls", "Rec")}
    return RapidOCR(params={**engines, "Global.log_level": "critical"})


def _score(boxes: list[OcrBox]) -> float:
    return sum(box.score * len(box.text) for box in boxes)


def _letters(boxes: list[OcrBox]) -> int:
    return sum(len(box.text) for box in boxes)
