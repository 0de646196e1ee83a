"""One chat model over several engines, each with a queue and a breaker; falls back to the next.

Nothing is tried again once a token has gone out: what came before a break is kept, and the next
question finds the breaker open.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from app.llm.breaker import CircuitBreaker
from app.llm.chat_model import (
    ChatModel,
    CircuitOpen,
    Delta,
    EngineBusy,
    EngineStreamBroken,
    EngineUnavailable,
    LlmError,
    RequestRejected,
)
from app.llm.engines import AUTO, EngineSpec
from app.llm.messages import Message, Served, Tried
from app.llm.request_queue import RequestQueue
from app.llm.routing import Case, Reason, route


@dataclass(slots=True)
class Engine:
    """One engine with what is known of it. `gone`: its breaker opened because it did not answer at
    all, so that it is closed as soon as it does."""

    spec: EngineSpec
    model: ChatModel
    breaker: CircuitBreaker
    queue: RequestQueue
    last_error: str = ""
    last_error_at: datetime | None = None
    gone: bool = False
    _heard: int = 0  # pieces that came from it, to anybody

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> AsyncGenerator[Delta, None]:
        """See `ChatModel.stream`. Raises EngineBusy and CircuitOpen too, without asking."""
        if not self.breaker.admits():
            raise CircuitOpen(f"left alone after failures, last: {self.last_error}")
        async with self.queue.slot():
            with self.breaker.attempt():  # it may have failed while this request waited
                deltas = self.model.stream(
                    messages,
                    max_tokens=max_tokens,
                    temperature=temperature,
                    stop=stop,
                    tools=tools,
                )
                try:
                    async with aclosing(deltas):
                        async for delta in deltas:
                            self._heard += 1
                            self.breaker.answering()
                            yield delta
                except LlmError as error:
                    await self._note(error)
                    raise
                self.breaker.succeeded()
                self.gone = False

    async def back(self) -> bool:
        """Whether it answers now; one that was gone is then asked again."""
        answers = await self.model.ready()
        if answers and self.gone:
            self.breaker.succeeded()
            self.gone = False
        return answers

    async def _note(self, error: LlmError) -> None:
        """A full queue and a refused request are not the engine's failures."""
        self.last_error = str(error) or type(error).__name__
        self.last_error_at = datetime.now(UTC)
        if isinstance(error, EngineUnavailable | EngineStreamBroken):
            heard = self._heard
            # One that is busy may be late to say that it is there: a token for somebody says it.
            answers = await self.model.ready() or self._heard > heard
            self.gone = self.gone or not answers
            self.breaker.failed(at_once=not answers)


@dataclass(slots=True)
class Chosen:
    """Implements `ChatModel`: engines in the order in which they are asked."""

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
        """The connections are the gateway's."""

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> AsyncGenerator[Delta, None]:
        """See `ChatModel.stream`; the first delta says which engine writes. Where none does, the
        error tells what each of them said."""
        failed: dict[str, LlmError] = {}
        async for engine in self._attempts(failed):
            begun = False
            deltas = engine.stream(
                messages, max_tokens=max_tokens, temperature=temperature, stop=stop, tools=tools
            )
            try:
                async with aclosing(deltas):
                    async for delta in deltas:
                        yield (
                            delta if begun else replace(delta, served=self._served(engine, failed))
                        )
                        begun = True
                return
            except LlmError as error:
                if begun:
                    raise
                failed[engine.spec.name] = error
        raise _verdict(failed)

    async def _attempts(self, failed: Mapping[str, LlmError]) -> AsyncIterator[Engine]:
        """Every engine once; when all have failed, those that are back by then."""
        for engine in self.engines:
            yield engine
        for engine in self.engines:
            if await _came_back(engine, failed):
                yield engine

    def _served(self, engine: Engine, failed: Mapping[str, LlmError]) -> Served:
        tried = tuple(
            Tried(name, _word(error), str(error))
            for name, error in failed.items()
            if name != engine.spec.name
        )
        return Served(engine.spec.name, self.wanted, self.reason, tried)


class Gateway:
    """Implements `ChatModel` over all engines, in their order; `choose` picks by name or case."""

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
        """Answers that can be written or wait at the same time, by `auto`."""
        return sum(e.spec.max_running + e.spec.max_waiting for e in self._common())

    @property
    def retry_after_s(self) -> float:
        """When the first place is likely to be free."""
        return min(engine.queue.retry_after_s for engine in self._common())

    def choose(self, wanted: str, case: Case) -> Chosen:
        """The engine of that name, or with `auto` the one for that case; then the others in their
        order. Raises KeyError for another name; see `knows`."""
        common = self._common()
        reason: Reason
        if wanted != AUTO:
            first, reason = self.engines[wanted], "named"
        elif len(common) == 1:
            first, reason = common[0], "only"
        else:
            decision = route(case)
            fitting = [e for e in common if e.spec.size == decision.size] or common
            first, reason = fitting[0], decision.reason
        rest = tuple(engine for engine in common if engine is not first)
        return Chosen((first, *rest), wanted, reason)

    def count_tokens(self, text: str) -> int:
        return self._in_order().count_tokens(text)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> AsyncGenerator[Delta, None]:
        """See `ChatModel.stream`."""
        return self._in_order().stream(
            messages, max_tokens=max_tokens, temperature=temperature, stop=stop, tools=tools
        )

    async def ready(self) -> bool:
        return await self._in_order().ready()

    async def close(self) -> None:
        for engine in self.engines.values():
            await engine.model.close()

    def _common(self) -> list[Engine]:
        return [engine for engine in self.engines.values() if not engine.spec.only_by_name]

    def _in_order(self) -> Chosen:
        return Chosen(tuple(self._common()), AUTO, "only")


def alone(model: ChatModel, *, max_running: int = 256, max_waiting: int = 256) -> Gateway:
    """A gateway over one model."""
    spec = EngineSpec(
        name=model.name,
        context_tokens=max(1024, model.context_tokens),
        max_running=max_running,
        max_waiting=max_waiting,
    )
    return Gateway([Engine(spec, model, CircuitBreaker(), RequestQueue(max_running, max_waiting))])


async def _came_back(engine: Engine, failed: Mapping[str, LlmError]) -> bool:
    passed_over = isinstance(failed[engine.spec.name], CircuitOpen)
    return passed_over and engine.gone and await engine.back()


def _word(error: LlmError) -> Literal["unavailable", "open", "busy", "rejected"]:
    match error:
        case CircuitOpen():
            return "open"
        case EngineBusy():
            return "busy"
        case RequestRejected():
            return "rejected"
        case _:
            return "unavailable"


def _verdict(failed: Mapping[str, LlmError]) -> LlmError:
    """The one error that tells what all engines said."""
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
