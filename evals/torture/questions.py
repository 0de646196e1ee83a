"""Searches and questions beside the changes: what was answered must be kept as it was shown."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event

import httpx

_DONE = "event: done\n"


@dataclass(slots=True)
class Questions:
    """Asks about one base and keeps the text of each answer that was shown to its end."""

    base_id: str
    choose: random.Random
    shown: dict[str, str] = field(default_factory=dict)  # by the id of the answer
    answered: int = 0
    searched: int = 0
    unanswered: int = 0
    unclear: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # HTTP 500, for which nothing is an excuse

    def go_on(self, clients: Sequence[httpx.Client], stop: Event) -> None:
        """Asks until it is told to stop, each time through one of them."""
        while not stop.is_set():
            http = self.choose.choice(clients)
            try:
                self._search(http) if self.choose.random() < 0.5 else self._ask(http)
            except httpx.TransportError:
                self.unanswered += 1
                stop.wait(0.02)

    def settle(self, stored: Mapping[str, tuple[str, str]]) -> list[str]:
        """Compares with state and text of the stored answers and returns violations."""
        wrong = [
            f"answer {id_} is {stored.get(id_)}, not {text!r}"
            for id_, text in self.shown.items()
            if stored.get(id_) != ("complete", text)
        ]
        self.shown.clear()
        wrong, self.broken = wrong + self.broken, []
        return wrong

    def _search(self, http: httpx.Client) -> None:
        body = {"query": self._words(), "base_ids": [self.base_id]}
        answer = http.post("/api/search", json=body)
        if answer.is_success:
            self.searched += 1
        else:
            self._refused("search", answer)

    def _ask(self, http: httpx.Client) -> None:
        body = {"question": self._words(), "base_ids": [self.base_id]}
        answer = http.post("/api/chat", json=body)
        _, done, last = answer.text.rpartition(_DONE)
        if answer.is_success and done:
            message = json.loads(last.partition("data: ")[2].partition("\n")[0])["message"]
            self.shown[message["id"]] = message["content"]
            self.answered += 1
        else:
            self._refused("question", answer)

    def _refused(self, what: str, answer: httpx.Response) -> None:
        if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            self.broken.append(f"{what}: {answer.text}")
        else:
            self.unclear.append(f"{what}: {answer.status_code}")

    def _words(self) -> str:
        return f"第{self.choose.randrange(200)}号记录的设备每几天检查一次？"
