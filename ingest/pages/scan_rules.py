"""Rules in a picture of a page: long straight runs of dark pixels."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ingest.pages.rules import Rule

if TYPE_CHECKING:
    from PIL.Image import Image

_SHORTEST_SHARE = 30  # a rule is at least this part of the page wide, or high
_MIN_PX = 20
_THICKEST_PX = 12
_MAX_RULES = 1000


def drawn_rules(picture: "Image") -> list[Rule]:
    """Horizontal and vertical rules in pixels, y counted from the page's foot."""
    import cv2
    import numpy as np

    grey = 255 - np.asarray(picture.convert("L"))
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 15, -10)
    height, width = grey.shape
    found = [
        *_runs(dark, (max(width // _SHORTEST_SHARE, _MIN_PX), 1), height),
        *_runs(dark, (1, max(height // _SHORTEST_SHARE, _MIN_PX)), height),
    ]
    return found if len(found) <= _MAX_RULES else []


def _runs(dark: Any, kernel: tuple[int, int], height: int) -> Iterator[Rule]:
    """Runs as long as `kernel` (width, height) or longer in the picture `dark`, uint8."""
    import cv2

    shape = cv2.getStructuringElement(cv2.MORPH_RECT, kernel)
    opened = cv2.morphologyEx(dark, cv2.MORPH_OPEN, shape)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(opened)
    for left, top, wide, high, _ in boxes[1:].tolist():
        if kernel[1] == 1 and high <= _THICKEST_PX:
            yield Rule(True, height - top - high / 2, left, left + wide)
        elif kernel[0] == 1 and wide <= _THICKEST_PX:
            yield Rule(False, left + wide / 2, height - top - high, height - top)
