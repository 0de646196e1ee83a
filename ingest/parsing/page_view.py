"""A page as it is shown: from the coordinates of its lines to shares of its width and height."""

from dataclasses import dataclass

from ingest.runs import SCALE, Area
from ingest.tables.boxes import Box

Matrix = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f of x′ = a·x + c·y + e, y′ = b·x + d·y + f (ISO 32000-1, 8.3.3)."""


@dataclass(frozen=True, slots=True)
class PageView:
    """`across` and `down` map (x, y) in the coordinates of the page's lines to shares of its width
    and height: share = a·x + b·y + c, from 0 to 1, from the upper left corner as it is shown."""

    width: float  # as it is shown: points, or pixels of a picture
    height: float
    across: tuple[float, float, float]
    down: tuple[float, float, float]

    @classmethod
    def of_picture(cls, width: float, height: float) -> "PageView":
        """Of a picture whose boxes are in pixels from the upper left corner."""
        return cls(width, height, (1 / width, 0.0, 0.0), (0.0, 1 / height, 0.0))

    def turned(self, matrix: Matrix) -> "PageView":
        """The same view of points that `matrix` moved, by quarter turns and a shift."""
        a, b, c, d, e, f = matrix

        def moved(axis: tuple[float, float, float]) -> tuple[float, float, float]:
            x, y = axis[0] * a + axis[1] * c, axis[0] * b + axis[1] * d
            return x, y, axis[2] - x * e - y * f

        return PageView(self.width, self.height, moved(self.across), moved(self.down))

    def area(self, box: Box) -> Area | None:
        """The part of the page that the box takes up; None where it lies beside the page."""
        x, y = zip(self._share(box[0], box[1]), self._share(box[2], box[3]), strict=True)
        left, right = (_bounded(share) for share in sorted(x))
        top, bottom = (_bounded(share) for share in sorted(y))
        return Area(left, top, right, bottom) if left < right and top < bottom else None

    def point(self, share_x: float, share_y: float) -> tuple[float, float]:
        """Where the share of width and height lies in the coordinates of the lines."""
        (a, b, c), (d, e, f) = self.across, self.down
        x, y, area = share_x - c, share_y - f, a * e - b * d
        return (e * x - b * y) / area, (a * y - d * x) / area

    def _share(self, x: float, y: float) -> tuple[float, float]:
        (a, b, c), (d, e, f) = self.across, self.down
        return a * x + b * y + c, d * x + e * y + f


def _bounded(share: float) -> int:
    return min(max(round(share * SCALE), 0), SCALE)
