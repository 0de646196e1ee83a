import json
from pathlib import Path

import pytest

from evals.speed import bench_removal


def test_both_ways_are_measured_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bench_removal.main(chunks=100)
    report = json.loads((tmp_path / bench_removal.REPORT).read_text(encoding="utf-8"))
    figures = {figure["name"]: figure for figure in report["figures"]}
    assert figures["chunks"]["value"] >= 100
    held = [figure["value"] for name, figure in figures.items() if "write lock" in name]
    assert len(held) == 5
    assert min(held) > 0
    left = [figure["detail"] for figure in figures.values() if "files left" in figure["detail"]]
    assert left == ["0 files left", "0 files left"]
