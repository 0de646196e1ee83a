"""Benchmark results, as a table and a file."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from app.version import VERSION


@dataclass(frozen=True, slots=True)
class Figure:
    """`target`: the maximum for `value`, or None."""

    name: str
    value: float
    unit: str
    target: float | None = None
    detail: str = ""

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "met" if self.value <= self.target else "missed"


def percentile_95(values: Sequence[float]) -> float:
    """95th percentile by nearest rank."""
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def of_many(
    name: str, values: Sequence[float], unit: str, target: float | None = None, detail: str = ""
) -> Figure:
    """The median, with 95th percentile and count in the detail."""
    spread = f"p95 {percentile_95(values):.1f} {unit}, n = {len(values)}"
    full_detail = "; ".join(part for part in (spread, detail) if part)
    return Figure(name, statistics.median(values), unit, target, full_detail)


def table(figures: Sequence[Figure]) -> Table:
    rows = Table("what", "measured", "target", "", "detail")
    for figure in figures:
        target = "" if figure.target is None else f"≤ {figure.target:g} {figure.unit}"
        measured = f"{figure.value:.1f} {figure.unit}"
        rows.add_row(figure.name, measured, target, figure.verdict, figure.detail)
    return rows


def write(figures: Sequence[Figure], path: Path) -> None:
    """Writes all figures as JSON, with the machine they were measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    found = [{**asdict(figure), "verdict": figure.verdict} for figure in figures]
    report = {"version": VERSION, "machine": machine, "figures": found}
    path.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
