"""Boxes on a page: two opposite corners, in the coordinates of whoever drew them."""

from collections.abc import Iterable

Box = tuple[float, float, float, float]  # x, y of one corner, x, y of the opposite one


def around(boxes: Iterable[Box | None]) -> Box | None:
    """The box around all that are known; None where none is."""
    found = [box for box in boxes if box is not None]
    if not found:
        return None
    xs = [x for box in found for x in (box[0], box[2])]
    ys = [y for box in found for y in (box[1], box[3])]
    return min(xs), min(ys), max(xs), max(ys)
