"""Calls from ratings to a better model: data sets, trainings, adapters."""

from collections.abc import Callable
from typing import Any, cast

from ui.client import wire

Call = Callable[..., Any]


class Improving:
    def __init__(self, call: Call) -> None:
        self._call = call

    def datasets(self) -> list[wire.DataSet]:
        return cast(list[wire.DataSet], self._call("GET", "/api/datasets"))

    def build(self, method: str, base_ids: list[str]) -> wire.DataSet:
        body = {"method": method, "base_ids": base_ids}
        return cast(wire.DataSet, self._call("POST", "/api/datasets", json=body))

    def train(self, dataset: str) -> None:
        self._call("POST", "/api/trainings", json={"dataset": dataset})

    def curve(self, job_id: str) -> list[wire.Step]:
        return cast(list[wire.Step], self._call("GET", f"/api/trainings/{job_id}/curve"))

    def jobs(self, kind: str) -> list[wire.WorkerJob]:
        """Newest first."""
        found = self._call("GET", "/api/jobs", params={"kind": kind, "limit": 1})
        return cast(list[wire.WorkerJob], found)

    def adapters(self) -> list[wire.Adapter]:
        return cast(list[wire.Adapter], self._call("GET", "/api/adapters"))

    def adapter(self, name: str) -> wire.Adapter:
        """With the answers that changed."""
        return cast(wire.Adapter, self._call("GET", f"/api/adapters/{name}"))

    def measure(self, name: str) -> None:
        self._call("POST", f"/api/adapters/{name}/gate")

    def promote(self, name: str, *, for_everyone: bool = False) -> None:
        body = {"for_everyone": for_everyone}
        self._call("POST", f"/api/adapters/{name}/promote", json=body)

    def try_out(self, name: str, share: int, *, for_everyone: bool = False) -> None:
        """`share` 0: in the shadow."""
        body = {"share": share, "shadow": not share, "for_everyone": for_everyone}
        self._call("POST", f"/api/adapters/{name}/canary", json=body)

    def canary(self, model: str) -> wire.Canary:
        found = self._call("GET", "/api/adapters/canary", params={"model": model})
        return cast(wire.Canary, found)

    def roll_back(self, model: str, alias: str) -> None:
        self._call("POST", "/api/adapters/rollback", json={"model": model, "alias": alias})

    def changes(self, base_id: str) -> wire.Changes:
        return cast(wire.Changes, self._call("GET", f"/api/bases/{base_id}/changes"))

    def record_answers(self, base_id: str) -> None:
        self._call("POST", f"/api/bases/{base_id}/changes")

    def accept_answers(self, base_id: str, recording_id: str) -> None:
        body = {"recording_id": recording_id}
        self._call("POST", f"/api/bases/{base_id}/changes/accept", json=body)
