"""Calls about who may use a base, and who may see a part of it."""

from collections.abc import Callable
from typing import Any, cast

from ui.client import wire


class Sharing:
    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def grants(self, base_id: str) -> list[wire.Grant]:
        return cast(list[wire.Grant], self._call("GET", f"/api/bases/{base_id}/grants"))

    def grant(self, base_id: str, kind: wire.SubjectKind, subject_id: str, role: wire.Role) -> None:
        body = {"subject_kind": kind, "subject_id": subject_id, "role": role}
        self._call("PUT", f"/api/bases/{base_id}/grants", json=body)

    def withdraw(self, base_id: str, kind: wire.SubjectKind, subject_id: str) -> None:
        self._call("DELETE", f"/api/bases/{base_id}/grants/{kind}/{subject_id or '-'}")

    def restrictions(self, base_id: str) -> list[wire.Restriction]:
        path = f"/api/bases/{base_id}/restrictions"
        return cast(list[wire.Restriction], self._call("GET", path))

    def restrict(self, base_id: str, path: str, members: list[tuple[str, str]]) -> None:
        """`members` as kind and id."""
        named = [{"subject_kind": kind, "subject_id": id_} for kind, id_ in members]
        body = {"path": path, "members": named}
        self._call("PUT", f"/api/bases/{base_id}/restrictions", json=body)

    def lift(self, base_id: str, restriction_id: str) -> None:
        self._call("DELETE", f"/api/bases/{base_id}/restrictions/{restriction_id}")
