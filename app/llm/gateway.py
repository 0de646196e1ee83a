"""One chat model over several engines, each with a queue and a breaker; falls back to the next.

Nothing is retried once a token has been sent: the text so far is kept, and the next question finds
the breaker open.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from app.llm.breaker import CircuitBreaker
from app.llm.charge import charged
from app.llm.chat_model import (
    ChatModel,
    CircuitOpen,
    Delta,
    EngineBusy,
    EngineStreamBroken,
    EngineUnavailable,
    LlmError,
    Messages,
    RequestRejected,
    messages_for,
)
from app.llm.engines import AUTO, EngineSpec
from app.llm.messages import Served, Tried
from app.llm.request_queue import RequestQueue
from app.llm.routing import Case, Reason, route


@dataclass(slots=True)
class Engine:
    """Implements `ChatModel`: an engine and its state. `gone`: its breaker opened because the
    engine was unreachable; it closes as soon as the engine responds."""

    spec: EngineSpec
    model: ChatModel
    breaker: CircuitBreaker
    queue: RequestQueue
    last_error: str = ""
    last_error_at: datetime | None = None
    gone: bool = False
    name: str = field(init=False)
    context_tokens: int = field(init=False)
    _pieces_received: int = 0  # pieces received from it, in all requests

    def __post_init__(self) -> None:
        self.name = self.spec.name
        self.context_tokens = self.model.context_tokens

    def count_tokens(self, text: str) -> int:
        return self.model.count_tokens(text)

    async def ready(self) -> bool:
        return await self.model.ready()

    async def close(self) -> None:
        await self.model.close()

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
        """See `ChatModel.stream`. Raises EngineBusy, CircuitOpen without calling the engine."""
        if not self.breaker.admits():
            raise CircuitOpen(f"paused after failures, last: {self.last_error}")
        messages = messages_for(self, messages)
        async with self.queue.slot():
            with self.breaker.attempt():  # the breaker may have opened while this request waited
                deltas = self.model.stream(
                    messages,
                    max_tokens=max_tokens,
                    temperature=temperature,
                    stop=stop,
                    tools=tools,
                    thinking=thinking,
                )
                try:
                    async with aclosing(charged(deltas, self.model, messages)) as counted:
                        async for delta in counted:
                            self._pieces_received += 1
                            self.breaker.first_token()
                            yield delta
                except LlmError as error:
                    await self._record_error(error)
                    raise
                self.breaker.succeeded()
                self.gone = False

    async def first_tokens(self, messages: Messages) -> Mapping[str, float]:
        """See `ChatModel.first_tokens`. A paused or busy engine is not waited for: others wait for
        their answers. Raises CircuitOpen, EngineBusy at once."""
        if not self.breaker.admits():
            raise CircuitOpen(f"paused after failures, last: {self.last_error}")
        if self.queue.waiting:
            raise EngineBusy(f"{self.queue.waiting} answers are waiting")
        return await self.model.first_tokens(messages_for(self, messages))

    async def back(self) -> bool:
        """Whether the engine responds now; if it was gone, its breaker closes."""
        answers = await self.model.ready()
        if answers and self.gone:
            self.breaker.succeeded()
            self.gone = False
        return answers

    async def _record_error(self, error: LlmError) -> None:
        """Records an error. A full queue or a rejected request is not a failure of the engine."""
        self.last_error = str(error) or type(error).__name__
        self.last_error_at = datetime.now(UTC)
        if isinstance(error, EngineUnavailable | EngineStreamBroken):
            received_before = self._pieces_received
            # A busy engine may answer the health check late; a token in any request proves it up.
            answers = await self.model.ready() or self._pieces_received > received_before
            self.gone = self.gone or not answers
            self.breaker.failed(at_once=not answers)


@dataclass(slots=True)
class FallbackChain:
    """Implements `ChatModel` over engines in fallback order."""

    engines: tuple[Engine, ...]
    wanted: str
    reason: Reason
    name: str = field(init=False)
    context_tokens: int = field(init=False)

    def __post_init__(self) -> None:
        first = self.engines[0]
        self.name = first.spec.name
        self.context_tokens = first.model.context_tokens

    def count_tokens(self, text: str) -> int:
        return self.engines[0].model.count_tokens(text)

    async def ready(self) -> bool:
        return any([await engine.back() for engine in self.engines])

    async def close(self) -> None:
        """Does nothing: the gateway owns the connections."""

    async def first_tokens(self, messages: Messages) -> Mapping[str, float]:
        """See `ChatModel.first_tokens`; of the first engine alone."""
        return await self.engines[0].first_tokens(messages)

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
        """See `ChatModel.stream`; the first delta names the engine. If all fail, the error combines
        their messages."""
        failed: dict[str, LlmError] = {}
        async for engine in self._attempts(failed):
            started = False
            deltas = engine.stream(
                messages,
                max_tokens=max_tokens,
                temperature=temperature,
                stop=stop,
                tools=tools,
                thinking=thinking,
            )
            try:
                async with aclosing(deltas):
                    async for delta in deltas:
                        yield (
                            delta
                            if started
                            else replace(delta, served=self._served(engine, failed, delta.adapter))
                        )
                        started = True
                return
            except LlmError as error:
                if started:
                    raise
                failed[engine.spec.name] = error
        raise _combined_error(failed)

    async def _attempts(self, failed: Mapping[str, LlmError]) -> AsyncIterator[Engine]:
        """Every engine once; if all fail, those that have recovered by then."""
        for engine in self.engines:
            yield engine
        for engine in self.engines:
            if await _has_recovered(engine, failed):
                yield engine

    def _served(self, engine: Engine, failed: Mapping[str, LlmError], adapter: str) -> Served:
        tried = tuple(
            Tried(name, _reason(error), str(error))
            for name, error in failed.items()
            if name != engine.spec.name
        )
        return Served(engine.spec.name, self.wanted, self.reason, tried, adapter)


class Gateway:
    """Implements `ChatModel` over all engines, in their order; `choose` selects by name or case."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self.engines = {engine.spec.name: engine for engine in engines}
        first = engines[0]
        self.name = first.spec.name
        self.context_tokens = first.model.context_tokens

    def knows(self, wanted: str) -> bool:
        """Whether `wanted` is `auto` or an engine's name."""
        return wanted == AUTO or wanted in self.engines

    @property
    def capacity(self) -> int:
        """Answers that can run or wait at the same time with `auto`."""
        return sum(e.spec.max_running + e.spec.max_waiting for e in self._auto_engines())

    def yields_to(self, asker: str) -> bool:
        """Whether a full queue would make room for a request of `asker`."""
        return any(engine.queue.yields_to(asker) for engine in self._auto_engines())

    @property
    def retry_after_s(self) -> float:
        """Estimated seconds until a slot is free."""
        return min(engine.queue.retry_after_s for engine in self._auto_engines())

    def choose(self, wanted: str, case: Case) -> FallbackChain:
        """The named engine or, with `auto`, the one for this case; the others follow as fallbacks.

        Raises KeyError for an unknown name; see `knows`.
        """
        candidates = self._auto_engines()
        reason: Reason
        if wanted != AUTO:
            first, reason = self.engines[wanted], "named"
        elif len(candidates) == 1:
            first, reason = candidates[0], "only"
        else:
            decision = route(case)
            fitting = [e for e in candidates if e.spec.size == decision.size] or candidates
            first, reason = fitting[0], decision.reason
        rest = tuple(engine for engine in candidates if engine is not first)
        return FallbackChain((first, *rest), wanted, reason)

    def count_tokens(self, text: str) -> int:
        return self._default_chain().count_tokens(text)

    def stream(
        self,
        messages: Messages,
        *,
        max_tokens: int,
        temperature: float | None = None,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
        thinking: bool | None = None,
    ) -> AsyncGenerator[Delta, None]:
        """See `ChatModel.stream`."""
        return self._default_chain().stream(
            messages,
            max_tokens=max_tokens,
            temperature=temperature,
            stop=stop,
            tools=tools,
            thinking=thinking,
        )

    async def first_tokens(self, messages: Messages) -> Mapping[str, float]:
        """See `ChatModel.first_tokens`."""
        return await self._default_chain().first_tokens(messages)

    async def ready(self) -> bool:
        return await self._default_chain().ready()

    async def responding(self) -> list[str]:
        """Names of the engines of `auto` that respond now."""
        return [engine.name for engine in self._auto_engines() if await engine.back()]

    async def close(self) -> None:
        for engine in self.engines.values():
            await engine.close()

    def _auto_engines(self) -> list[Engine]:
        return [engine for engine in self.engines.values() if not engine.spec.only_by_name]

    def _default_chain(self) -> FallbackChain:
        return FallbackChain(tuple(self._auto_engines()), AUTO, "only")


def alone(model: ChatModel, *, max_running: int = 256, max_waiting: int = 256) -> Gateway:
    """A gateway over a single model."""
    spec = EngineSpec(
        name=model.name,
        context_tokens=max(1024, model.context_tokens),
        max_running=max_running,
        max_waiting=max_waiting,
    )
    return Gateway([Engine(spec, model, CircuitBreaker(), RequestQueue(max_running, max_waiting))])


async def _has_recovered(engine: Engine, failed: Mapping[str, LlmError]) -> bool:
    skipped = isinstance(failed[engine.spec.name], CircuitOpen)
    return skipped and engine.gone and await engine.back()


def _reason(error: LlmError) -> Literal["unavailable", "open", "busy", "rejected"]:
    match error:
        case CircuitOpen():
            return "open"
        case EngineBusy():
            return "busy"
        case RequestRejected():
            return "rejected"
        case _:
            return "unavailable"


def _combined_error(failed: Mapping[str, LlmError]) -> LlmError:
    """Combines the errors of all engines into one."""
    errors = list(failed.values())
    if len(errors) == 1:
        return errors[0]
    text = "; ".join(f"{name}: {error}" for name, error in failed.items())
    waits = [e.retry_after_s for e in errors if isinstance(e, EngineBusy) and e.retry_after_s]
    if any(isinstance(error, EngineBusy) for error in errors):
        return EngineBusy(text, min(waits, default=None))
    if all(isinstance(error, RequestRejected) for error in errors):
        return RequestRejected(text)
    return EngineUnavailable(text)
