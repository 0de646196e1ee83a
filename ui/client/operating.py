"""Calls of those who keep bases and the installation: figures, gaps, check-ups, settings."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from ui.client import wire

Call = Callable[..., Any]


class Operating:
    def __init__(self, call: Call) -> None:
        self._call = call

    def figures(self, base_id: str, days: int, zone: str) -> wire.Figures:
        """`zone`: where days begin, e.g. `Asia/Shanghai`."""
        params = {"base_id": base_id, "days": days, "zone": zone}
        return cast(wire.Figures, self._call("GET", "/api/insight/figures", params=params))

    def gaps(self, base_id: str, days: int) -> wire.Gaps:
        params = {"base_id": base_id, "days": days}
        return cast(wire.Gaps, self._call("GET", "/api/insight/gaps", params=params))

    def settle_gap(self, gap_id: str) -> None:
        self._call("POST", f"/api/insight/gaps/{gap_id}/settle")

    def check_up(self, base_id: str) -> wire.CheckUp:
        return cast(wire.CheckUp, self._call("GET", f"/api/bases/{base_id}/check-up"))

    def start_check_up(self, base_id: str) -> None:
        self._call("POST", f"/api/bases/{base_id}/check-up")

    def ignore_finding(self, base_id: str, key: str) -> None:
        self._call("POST", f"/api/bases/{base_id}/check-up/ignored", json={"key": key})

    def show_ignored(self, base_id: str) -> None:
        self._call("DELETE", f"/api/bases/{base_id}/check-up/ignored")

    def settings(self) -> wire.Settings:
        return cast(wire.Settings, self._call("GET", "/api/settings"))

    def change_settings(self, changes: Mapping[str, int | None]) -> None:
        """None takes the default again."""
        self._call("PATCH", "/api/settings", json=dict(changes))

    def choose_model(self, preset: str) -> None:
        self._call("PUT", "/api/settings/model", json={"name": preset})

    def load_samples(self) -> None:
        self._call("POST", "/api/settings/sample-base")

    def calibrate(self) -> None:
        self._call("POST", "/api/settings/calibration")
