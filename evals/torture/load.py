"""Random uploads, versions, copies, deletions and promotions, with the expected result of each.

Each path has a set of allowed contents (by SHA-256; "" is none): one if the API acknowledged or
rejected the change, two if the connection broke before the response.
"""

import hashlib
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat

import httpx

NOTHING = ""
ADAPTERS = ("lora-a", "lora-b")  # that are promoted in turn
MODEL = "torture"
_PARAGRAPHS = (1, 3, 10, 120)
_MAX_PATHS = 40  # to keep cycles short
_DONE = (200, 202, 204)
_REFUSED = (409, 507)  # responses that report that nothing changed


@dataclass(slots=True)
class Load:
    """Sends changes to one base and tracks them."""

    base_id: str
    choose: random.Random
    may_hold: dict[str, set[str]] = field(default_factory=dict)
    bytes_of: dict[str, bytes] = field(default_factory=dict)
    acknowledged: int = 0
    refused: int = 0
    unanswered: int = 0
    unclear: list[str] = field(default_factory=list)  # responses that do not tell what happened
    may_serve: set[str] = field(default_factory=lambda: {NOTHING})  # champions
    _number: int = 0

    def change(self, clients: Sequence[httpx.Client]) -> None:
        """One random change through one of them, or two at once."""
        http = self.choose.choice(clients)
        present = [path for path, stored in self.may_hold.items() if stored != {NOTHING}]
        kinds = ["new", "new", "version", "version", "copy", "delete", "delete", "promote"]
        if len(clients) > 1:
            kinds.append("at once")
        kind = self.choose.choice(kinds) if present else "new"
        if kind == "new" and len(present) >= _MAX_PATHS:
            kind = "delete"
        path = self.choose.choice(sorted(present)) if present else ""
        if kind == "promote":
            self._promote(http)
        elif kind == "delete":
            self._delete(http, path)
        elif kind == "at once":
            self._upload_at_once(clients, path)
        elif kind == "copy":
            self._upload(http, self._new_path(), self._some_bytes(path))
        else:
            self._upload(http, self._new_path() if kind == "new" else path, self._new_bytes())

    def settle(self, stored: dict[str, str]) -> list[str]:
        """Compares with the stored SHA-256 by path and returns violations. Uncertain contents are
        known from now on."""
        wrong = []
        for path in sorted(self.may_hold.keys() | stored.keys()):
            allowed, found = self.may_hold.get(path, {NOTHING}), stored.get(path, NOTHING)
            if found not in allowed:
                wrong.append(f"{path}: {found[:8] or 'nothing'}, not one of {_short(allowed)}")
            self.may_hold[path] = {found}
        self.may_hold = {
            path: stored for path, stored in self.may_hold.items() if stored != {NOTHING}
        }
        return wrong

    def settle_champion(self, http: httpx.Client) -> list[str]:
        """The same of the adapter that is served."""
        served = http.get("/api/adapters/served", params={"model": MODEL}).raise_for_status()
        found = served.json()["champion"] or NOTHING
        wrong = [] if found in self.may_serve else [f"champion {found}, not of {self.may_serve}"]
        self.may_serve = {found}
        return wrong

    def _promote(self, http: httpx.Client) -> None:
        name = self.choose.choice(ADAPTERS)
        status = self._send(http, "POST", f"/api/adapters/{name}/promote", json={"force": True})
        if status == 200:
            self.may_serve = {name}
        elif status not in _REFUSED:
            self.may_serve = self.may_serve | {name}

    def _upload(self, http: httpx.Client, path: str, data: bytes) -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        self.bytes_of[sha256] = data
        status = self._send_file(http, path, data)
        if status in _DONE:
            self.may_hold[path] = {sha256}
        elif status not in _REFUSED:
            self.may_hold[path] = self.may_hold.get(path, {NOTHING}) | {sha256}

    def _upload_at_once(self, clients: Sequence[httpx.Client], path: str) -> None:
        """Each sends a version of the same file at the same time, sometimes the same one."""
        datas = [self._new_bytes() for _ in clients]
        if self.choose.random() < 0.5:
            datas = datas[:1] * len(clients)
        with ThreadPoolExecutor(len(clients)) as threads:
            statuses = list(threads.map(self._send_file, clients, repeat(path), datas))
        sums = [hashlib.sha256(data).hexdigest() for data in datas]
        self.bytes_of.update(zip(sums, datas, strict=True))
        stored = {sha256 for sha256, status in zip(sums, statuses, strict=True) if status in _DONE}
        unknown = {
            sha256
            for sha256, status in zip(sums, statuses, strict=True)
            if status not in (*_DONE, *_REFUSED)
        }
        before = set() if stored else self.may_hold.get(path, {NOTHING})
        self.may_hold[path] = before | stored | unknown

    def _send_file(self, http: httpx.Client, path: str, data: bytes) -> int:
        return self._send(
            http,
            "POST",
            f"/api/bases/{self.base_id}/documents",
            params={"path": path},
            files={"file": (path.rpartition("/")[2], data)},
        )

    def _delete(self, http: httpx.Client, path: str) -> None:
        """Deletes a document with all its paths."""
        params = {"limit": 200}
        try:
            answer = http.get(f"/api/bases/{self.base_id}/documents", params=params)
            answer.raise_for_status()
        except httpx.HTTPError:
            return
        document = next((d for d in answer.json()["items"] if d["path"] == path), None)
        if document is None or document["state"] != "ready":
            return  # deleting a version in progress restores the previous one
        status = self._send(http, "DELETE", f"/api/documents/{document['id']}")
        for each, before in self.may_hold.items():
            # Other paths with this content lose it, unless they are getting new content.
            if each == path or document["sha256"] in before:
                gone = status == 204 and before == {document["sha256"]}
                self.may_hold[each] = {NOTHING} if gone else before | {NOTHING}

    def _send(self, http: httpx.Client, method: str, path: str, **more: object) -> int:
        try:
            status = http.request(method, path, **more).status_code  # type: ignore[arg-type]  # passed on
        except httpx.TransportError:
            self.unanswered += 1
            return 0
        if status in _DONE:
            self.acknowledged += 1
        elif status in _REFUSED:
            self.refused += 1
        else:
            self.unclear.append(f"{method} {path}: {status}")
        return status

    def _new_path(self) -> str:
        self._number += 1
        return f"{self.choose.choice('abc')}/文件{self._number}.md"

    def _new_bytes(self) -> bytes:
        self._number += 1
        count = self.choose.choice(_PARAGRAPHS)
        rows = (f"第{self._number}号记录第{row}条：设备每{row}天检查一次。" for row in range(count))
        return "\n\n".join((f"# 记录 {self._number}", *rows)).encode()

    def _some_bytes(self, path: str) -> bytes:
        sums = sorted(self.may_hold[path] - {NOTHING})
        return self.bytes_of[sums[0]]


def _short(sums: set[str]) -> str:
    return ", ".join(sorted(each[:8] or "nothing" for each in sums))
