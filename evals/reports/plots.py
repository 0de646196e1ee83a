"""SVG plots that take their colours from the page, so they work in light and dark."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evals.metrics.abstention import Asked, roc

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Fonts with Chinese, if installed; texts stay texts, which the page's fonts render.
_FONTS = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei", "DejaVu Sans"]
_FOREGROUND = "#123456"  # replaced by the page's text colour
_PALETTE = [
    "#3b82f6",
    "#f59e0b",
    "#10b981",
    "#ec4899",
    "#8b5cf6",
    "#14b8a6",
    "#ef4444",
    "#84cc16",
    "#6366f1",
    "#a16207",
]
_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)


def roc_plot(curves: Mapping[str, Sequence[Asked]]) -> str:
    """ROC curve per run: answered answerable over answered unanswerable questions."""
    figure, axes = _axes(4.6, 4.2)
    for colour, (name, asked) in zip(_PALETTE, curves.items(), strict=False):
        axes.plot(*roc(asked), label=name, color=colour, linewidth=1.8)
    axes.plot([0, 1], [0, 1], color=_FOREGROUND, linewidth=0.6, linestyle=":")
    axes.set_xlabel("unanswerable questions answered")
    axes.set_ylabel("answerable questions answered")
    axes.legend(frameon=False, labelcolor=_FOREGROUND, loc="lower right")
    return _svg(figure)


def bars_plot(values: Mapping[str, Mapping[str, float]], unit: str) -> str:
    """A stacked bar per name."""
    figure, axes = _axes(8.0, 1.6 + 0.45 * len(values))
    parts = list(dict.fromkeys(part for row in values.values() for part in row))
    left = [0.0] * len(values)
    for number, part in enumerate(parts):
        widths = [row.get(part, 0.0) for row in values.values()]
        colour = _PALETTE[number % len(_PALETTE)]
        axes.barh(list(values), widths, left=left, color=colour, label=part, height=0.6)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.set_xlabel(unit)
    axes.invert_yaxis()
    figure.legend(frameon=False, labelcolor=_FOREGROUND, ncols=6, loc="outside upper left")
    return _svg(figure)


def _axes(width: float, height: float) -> tuple["Figure", "Axes"]:
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams["svg.fonttype"] = "none"
    rcParams["svg.hashsalt"] = "zhiwen"  # the same ids in every report
    rcParams["font.sans-serif"] = _FONTS
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0)
    axes.tick_params(colors=_FOREGROUND, labelsize=8)
    for edge in axes.spines.values():
        edge.set_edgecolor(_FOREGROUND)
    axes.xaxis.label.set_color(_FOREGROUND)
    axes.yaxis.label.set_color(_FOREGROUND)
    return figure, axes


def _svg(figure: "Figure") -> str:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    bare = _METADATA.sub("", _PROLOGUE.sub("", drawn.getvalue()))
    return bare.replace(_FOREGROUND, "currentColor")
