"""Calls about finished evaluation runs."""

from collections.abc import Callable
from typing import Any, cast

from ui.client import wire

Call = Callable[..., Any]


class Evaluations:
    def __init__(self, call: Call) -> None:
        self._call = call

    def run(self, base_id: str, run_id: str) -> wire.EvalRun:
        """With all its questions."""
        path = f"/api/bases/{base_id}/evaluations/{run_id}"
        return cast(wire.EvalRun, self._call("GET", path))

    def compare(self, base_id: str, before: str, after: str) -> wire.Comparison:
        path = f"/api/bases/{base_id}/evaluations/{after}/compare"
        return cast(wire.Comparison, self._call("GET", path, params={"before": before}))
