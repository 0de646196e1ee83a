"""Follows an answer while the API writes it.

A thread reads the events into a `Watch`, and the page draws its current state. The API writes the
answer whether or not a page is open; a lost stream is resumed where it broke off.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

from httpx_sse import ServerSentEvent

from ui.client import wire
from ui.client.http import ApiDown, ApiError, Client

RETRY_S = 1.0
RETRIES = 30  # after half a minute without the API, the page reports it


@dataclass
class Watch:
    """The state of one answer so far. Written by one thread, read by pages."""

    answer_id: str = ""
    conversation_id: str = ""
    question: str = ""
    stage: str = ""
    done: int = 0  # parts of a long text read so far, out of `total`
    total: int = 0
    passages: list[wire.Passage] = field(default_factory=list)
    thought: str = ""
    text: str = ""
    final: wire.Message | None = None
    error: ApiError | None = None
    last_event_id: str = ""
    started: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)

    def take(self, event: ServerSentEvent) -> None:
        data = json.loads(event.data) if event.data else {}
        self.last_event_id = event.id or self.last_event_id
        if event.event == "start":
            self.answer_id = data["answer_id"]
            self.conversation_id = data["conversation"]["id"]
            self.question = data["question"]["content"]
            self.started.set()
        elif event.event == "stage":
            self.stage = data["stage"]
            self.done, self.total = data.get("done", 0), data.get("total", 0)
        elif event.event == "sources":
            self.passages = data["passages"]
        elif event.event == "thought":
            if data.get("text_was_thought"):
                self.thought, self.text = self.thought + self.text, ""
            self.thought += data["text"]
        elif event.event == "delta":
            self.text += data["text"]
        elif event.event == "done":
            self.final = cast(wire.Message, data["message"])
            self.finished.set()
        elif event.event == "error":
            facts = {name: value for name, value in data.items() if type(value) is int}
            self.error = ApiError(data.get("detail", ""), data.get("code", "error"), facts=facts)
            self.finished.set()

    @property
    def document_count(self) -> int:
        return len({passage["document_id"] for passage in self.passages})


def follow(client: Client, answer_id: str) -> Watch:
    """Follows an answer that is already being written."""
    watch = Watch(answer_id=answer_id)
    watch.started.set()
    return _run(client, watch, lambda: client.events(answer_id))


def ask(client: Client, request: wire.ChatRequest) -> Watch:
    return _run(client, Watch(), lambda: client.chat(request))


def _run(
    client: Client, watch: Watch, open_stream: Callable[[], Iterator[ServerSentEvent]]
) -> Watch:
    thread = threading.Thread(target=_read, args=(client, watch, open_stream), daemon=True)
    thread.start()
    return watch


def _read(
    client: Client, watch: Watch, open_stream: Callable[[], Iterator[ServerSentEvent]]
) -> None:
    """Reads to the end. The question is sent once; reconnecting only asks for further events."""
    events, failures = open_stream, 0
    while not watch.finished.is_set():
        try:
            for event in events():
                watch.take(event)
                failures = 0
            failure = ApiDown("the stream ended early", "api_down")
        except ApiDown as error:
            failure = error
        except ApiError as error:
            _give_up(watch, error)
            return
        except (ValueError, KeyError, TypeError) as error:
            _give_up(watch, ApiError(f"unreadable event: {error}", "protocol"))
            return
        failures += 1
        if watch.finished.is_set():
            return
        if not watch.answer_id or failures > RETRIES:
            _give_up(watch, failure)
            return
        time.sleep(RETRY_S)
        events = _remaining_events(client, watch)


def _remaining_events(client: Client, watch: Watch) -> Callable[[], Iterator[ServerSentEvent]]:
    return lambda: client.events(watch.answer_id, watch.last_event_id)


def _give_up(watch: Watch, error: ApiError) -> None:
    watch.error = error
    watch.finished.set()
    watch.started.set()
