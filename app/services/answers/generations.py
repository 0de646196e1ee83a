"""Running answers. The service owns a generation; clients watch it and can reconnect to it.

A generation runs in its own task, keeps its events for late watchers, and saves the text so far
about twice a second, so that a killed process loses at most half a second of text.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import anyio.to_thread
from sqlalchemy import update
from sqlmodel import col, select

from app.db.engine import Database
from app.db.tables import StoredMessage, utc_now
from app.error_codes import code_of
from app.llm.adapters import CONVERSATION
from app.llm.chat_model import LlmError
from app.measure import answering, count_given
from app.rag.errors import RagError
from app.rag.events import AnswerEvent, Question, Sources, Stage, TextDelta, Thought
from app.rag.grounding.check import Checker, citations_of, conflicts_of
from app.rag.types import Answer
from app.services.answers.answer_record import record, record_checks
from app.services.answers.stored_prompt import passage_from
from app.services.errors import ServiceError
from app.tasks.tasks import TaskStream
from ingest.errors import IngestError
from vectorstore import VectorStoreError

log = logging.getLogger(__name__)

FLUSH_S = 0.5
ALIVE_S = 5.0  # a running answer is saved at least this often …
STALE_S = 20.0  # … so its process is gone if it was not
KEPT_S = 300.0  # finished generations are kept for late watchers
_GROWING = ("thought", "content", "raw_output", "prompt", "passages", "model", "adapter", "served")
_PLACE = ("conversation_id", "parent_id", "position", "variant", "chosen", "shown")

EventName = Literal["start", "stage", "sources", "thought", "delta", "done", "error"]


@dataclass(frozen=True, slots=True)
class Event:
    """`data` is what the API serialises for this event name."""

    name: EventName
    data: Any


@dataclass(slots=True, eq=False)
class Generation:
    """A running or recently finished answer."""

    message: StoredMessage
    events: list[Event] = field(default_factory=list)
    finished: bool = False
    finished_at: float = 0.0
    task: asyncio.Task[None] | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, name: EventName, data: Any) -> None:
        self.events.append(Event(name, data))
        self._wake()

    def close(self) -> None:
        self.finished, self.finished_at = True, time.monotonic()
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def watch(self, after: int = 0) -> AsyncGenerator[tuple[int, Event], None]:
        """Yields events from number `after` on, each with the number after it."""
        position = after
        while True:
            changed = self._changed
            while position < len(self.events):
                position += 1
                yield position, self.events[position - 1]
            if self.finished:
                return
            await changed.wait()


@dataclass(slots=True)
class Generations:
    """All generations of this process by message id."""

    db: Database
    answer_line: TaskStream
    checker: Checker
    on_answer: Callable[[StoredMessage], None] = lambda message: None
    alive_s: float = ALIVE_S
    _running: dict[str, Generation] = field(default_factory=dict)
    _finish_by: float = 0.0  # on the monotonic clock

    def start(self, message: StoredMessage, question: Question) -> Generation:
        """Starts writing the answer into `message`, a row in state `streaming`."""
        self._forget_old()
        generation = Generation(message)
        self._running[message.id] = generation
        generation.task = asyncio.create_task(self._run(generation, question))
        return generation

    @property
    def running(self) -> int:
        """Number of answers in progress in this process."""
        return sum(not generation.finished for generation in list(self._running.values()))

    def publish_complete(
        self, message: StoredMessage, started: object, told: StoredMessage
    ) -> Generation:
        """Publishes a cached or approved answer with the same events as a generated one; `told` is
        what its asker may read of it."""
        self._forget_old()
        generation = Generation(message)
        self._running[message.id] = generation
        generation.publish("start", started)
        generation.publish("sources", message.passages)
        if message.thought:
            generation.publish("thought", Thought(message.thought))
        generation.publish("delta", message.content)
        generation.publish("done", told)
        generation.close()
        count_given(message)
        self.on_answer(message)
        return generation

    def get(self, message_id: str) -> Generation | None:
        """The generation if it runs in this process or ended recently."""
        return self._running.get(message_id)

    def stop(self, message_id: str) -> None:
        """Cancels a generation, keeping its text: at once where it runs here, within `FLUSH_S`
        where another process writes it. Thread-safe."""
        generation = self._running.get(message_id)
        if generation is None:
            self._update_streaming(message_id, {"stop_requested": True})
        elif not generation.finished and generation.task is not None:
            generation.task.get_loop().call_soon_threadsafe(generation.task.cancel)

    def finish_within(self, seconds: float) -> None:
        """From now on answers have that long to end; `close` waits for them."""
        self._finish_by = time.monotonic() + seconds

    async def close(self) -> None:
        """Wait for running answers as long as `finish_within` allows, cancel the rest, and wait
        until it is written."""
        tasks = [g.task for g in self._running.values() if g.task and not g.finished]
        if tasks:
            await asyncio.wait(tasks, timeout=max(0.0, self._finish_by - time.monotonic()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, generation: Generation, question: Question) -> None:
        message = generation.message
        CONVERSATION.set(message.conversation_id)
        writing = asyncio.create_task(self._save_periodically(generation))
        ending = Event("done", message)
        try:
            await self._answer(generation, question)
            message.state = "complete"
        except asyncio.CancelledError:
            message.state, message.finish_reason = "stopped", "stopped"
        except VectorStoreError as error:
            log.warning("answer %s: %s", message.id, error)
            ending = _failed(message, error)
        except (LlmError, RagError, IngestError, ServiceError) as error:
            ending = _failed(message, error)
        except Exception as error:  # watchers must learn of any error
            log.exception("answer %s", message.id)
            ending = _failed(message, error)
        finally:
            writing.cancel()
            # A second stop must not prevent the text from being saved.
            await asyncio.shield(self._finish(generation, question.text, writing, ending))

    async def _finish(
        self,
        generation: Generation,
        question: str,
        writing: "asyncio.Task[None]",
        ending: Event,
    ) -> None:
        """Saves the final answer, then publishes the end."""
        await asyncio.gather(writing, return_exceptions=True)
        try:
            await self._check(generation.message, question)
            await self._save(generation.message)
            self.on_answer(generation.message)
        except Exception as error:
            log.exception("answer %s could not be saved", generation.message.id)
            ending = _failed(generation.message, error)
        generation.publish(ending.name, ending.data)
        generation.close()

    async def _check(self, message: StoredMessage, question: str) -> None:
        """Checks the text so far of an answer that was stopped or failed."""
        if message.state == "complete" or not (message.content and message.passages):
            return
        passages = [passage_from(stored) for stored in message.passages]
        checks = await asyncio.to_thread(self.checker.check, question, message.content, passages)
        record_checks(message, checks, conflicts_of(citations_of(checks), passages))

    async def _answer(self, generation: Generation, question: Question) -> None:
        with answering() as ending:
            async with aclosing(self.answer_line.stream(question)) as events:
                async for event in events:
                    record(generation.message, event)
                    _publish(generation, event)
                    if isinstance(event, Answer):
                        ending.take(event)

    async def _save_periodically(self, generation: Generation) -> None:
        """Saves what is new while the text grows, and a heartbeat while it does not. Stops the
        generation where another process asked for that, or its conversation was deleted."""
        message, written_at = generation.message, time.monotonic()
        written, failed = _growing(message), False
        while True:
            await asyncio.sleep(FLUSH_S)
            present, now = _growing(message), time.monotonic()
            new = {name: value for name, value in present.items() if value != written[name]}
            try:
                if {"thought", "content"} & new.keys() or now - written_at > self.alive_s:
                    written_at, message.updated_at = now, utc_now()
                    new["updated_at"] = message.updated_at
                    await anyio.to_thread.run_sync(self._update_streaming, message.id, new)
                    written = present
                if not await anyio.to_thread.run_sync(self._is_wanted, message.id):
                    self.stop(message.id)
                failed = False
            except Exception:  # e.g. a full disk: continue, and try again at the end
                if not failed:  # said once, not twice a second
                    log.exception("answer %s could not be saved yet", message.id)
                failed = True

    async def _save(self, message: StoredMessage) -> None:
        """The whole answer, once it has ended."""
        message.updated_at = utc_now()
        values = message.model_dump(exclude={"id", "created_at", *_PLACE})
        await anyio.to_thread.run_sync(self._update, message.id, values)

    def _update(self, message_id: str, values: dict[str, Any]) -> None:
        with self.db.write() as session:
            written = update(StoredMessage).where(col(StoredMessage.id) == message_id)
            session.exec(written.values(**values))

    def _update_streaming(self, message_id: str, values: dict[str, Any]) -> None:
        """The thread of a cancelled task goes on; its late write must not undo the final state."""
        with self.db.write() as session:
            written = update(StoredMessage).where(
                col(StoredMessage.id) == message_id, col(StoredMessage.state) == "streaming"
            )
            session.exec(written.values(**values))

    def _is_wanted(self, message_id: str) -> bool:
        stop_requested = select(StoredMessage.stop_requested).where(StoredMessage.id == message_id)
        with self.db.read() as session:
            return session.exec(stop_requested).first() is False

    def _forget_old(self) -> None:
        horizon = time.monotonic() - KEPT_S
        for id_, generation in list(self._running.items()):
            if generation.finished and generation.finished_at < horizon:
                del self._running[id_]


def sweep_interrupted(db: Database) -> int:
    """Marks answers of dead processes as interrupted, keeping their text. Returns their number."""
    horizon = utc_now() - timedelta(seconds=STALE_S)
    with db.write() as session:
        result = session.exec(
            update(StoredMessage)
            .where(col(StoredMessage.state) == "streaming", col(StoredMessage.updated_at) < horizon)
            .values(state="interrupted", finish_reason="error", updated_at=utc_now())
        )
        return int(result.rowcount)


def _growing(message: StoredMessage) -> dict[str, Any]:
    """What an answer has before it ends. The text grows; the others are set once."""
    return {name: getattr(message, name) for name in _GROWING}


def _failed(message: StoredMessage, error: Exception) -> Event:
    message.state, message.finish_reason = "failed", "error"
    message.error_code = code_of(error)
    message.error_detail = getattr(error, "public", str(error)) or type(error).__name__
    return Event("error", error)


def _publish(generation: Generation, event: AnswerEvent) -> None:
    match event:
        case Stage():
            generation.publish("stage", event)
        case Sources(prompt):
            generation.publish("sources", prompt.passages)
        case Thought():
            generation.publish("thought", event)
        case TextDelta(text) if text:
            generation.publish("delta", text)
