"""A fake chat model that streams scripted answers, for tests."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.llm.chat_model import Delta, EngineUnavailable, LlmError, Messages, messages_for
from app.llm.messages import Message, TokenCounts


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """`thought` and then `pieces` are streamed one by one; with `error`, it is raised after the
    last of them."""

    pieces: tuple[str, ...]
    finish_reason: str = "stop"
    error: LlmError | None = None
    thought: tuple[str, ...] = ()


@dataclass(slots=True)
class ScriptedChatModel:
    """Answers each call from a queue and records the requests in `history`.

    With `gate`, every piece waits for one `gate.release()`, so that a test controls when a token
    arrives. `closed` counts streams that were closed early. With an empty queue the engine is
    down.
    """

    name: str = "scripted"
    context_tokens: int = 4096
    gate: asyncio.Semaphore | None = None
    is_ready: bool = True
    history: list[tuple[Message, ...]] = field(default_factory=list)
    stops: list[tuple[str, ...]] = field(default_factory=list)
    asked_to_think: list[bool | None] = field(default_factory=list)
    closed: int = 0
    _queue: list[ScriptedAnswer] = field(default_factory=list)
    _first: list[Mapping[str, float]] = field(default_factory=list)

    def enqueue(
        self,
        *pieces: str,
        finish_reason: str = "stop",
        error: LlmError | None = None,
        thought: Sequence[str] = (),
    ) -> None:
        self._queue.append(ScriptedAnswer(pieces, finish_reason, error, tuple(thought)))

    def enqueue_first(self, probabilities: Mapping[str, float]) -> None:
        """What the next `first_tokens` returns."""
        self._first.append(probabilities)

    async def first_tokens(self, messages: Messages) -> Mapping[str, float]:
        """See `ChatModel.first_tokens`."""
        self.history.append(tuple(messages_for(self, messages)))
        if not self._first:
            raise EngineUnavailable("scripted: no first token is queued")
        return self._first.pop(0)

    def count_tokens(self, text: str) -> int:
        """Counts each character as a token."""
        return len(text)

    async def ready(self) -> bool:
        return self.is_ready

    async def close(self) -> None:
        """Does nothing."""

    async def stream(
        self,
        messages: Messages,
        *,
        max_tokens: int,
        temperature: float | None = None,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
        thinking: bool | None = None,
    ) -> AsyncGenerator[Delta, None]:
        """See `ChatModel.stream`; at most `max_tokens` pieces. The thought comes also unasked."""
        asked = tuple(messages_for(self, messages))
        self.history.append(asked)
        self.stops.append(tuple(stop))
        self.asked_to_think.append(thinking)
        if not self._queue:
            raise EngineUnavailable("scripted: no answer is queued")
        answer = self._queue.pop(0)
        pieces = answer.pieces[:max_tokens]
        thought = [Delta(thought=piece) for piece in answer.thought]
        try:
            for delta in (*thought, *map(Delta, pieces)):
                if self.gate:
                    await self.gate.acquire()
                yield delta
        except (GeneratorExit, asyncio.CancelledError):
            self.closed += 1
            raise
        if answer.error:
            raise answer.error
        prompt = sum(self.count_tokens(message.content) for message in asked)
        complete = len(pieces) == len(answer.pieces)
        yield Delta(
            finish_reason=answer.finish_reason if complete else "length",
            tokens=TokenCounts(prompt, sum(map(len, (*answer.thought, *pieces)))),
        )
