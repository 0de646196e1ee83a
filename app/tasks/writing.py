"""One model call within a task."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from app.llm.chat_model import ChatModel, Delta
from app.llm.messages import Message, Served, TokenCounts, ToolCall
from app.llm.repetition import REPEATED, without_repetition
from app.llm.traced import traced
from app.rag.clock import Clock
from app.rag.events import TextDelta, Thought
from app.rag.grounding.check import citations_of, conflicts_of, unsupported_of
from app.rag.prompting.prompt import render_chatml
from app.rag.types import Answer, Check, FinishReason, Passage


@dataclass(slots=True)
class Writing:
    """Streams a model call; afterwards `text`, `finish` and `tokens` hold its result."""

    model: ChatModel
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float | None = None
    text: str = ""
    finish: FinishReason = "stop"
    tools: Sequence[Mapping[str, Any]] = ()
    stop: Sequence[str] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tokens: TokenCounts = field(default_factory=TokenCounts)
    served: Served | None = None
    thinking: bool | None = None
    thought: str = ""
    thinking_ms: float = 0.0

    async def stream(self) -> AsyncGenerator[TextDelta | Thought, None]:
        """Yields pieces of thought and text. Raises LlmError. Closing the generator stops the
        engine."""
        deltas = self.model.stream(
            self.messages,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=self.stop,
            tools=self.tools,
            thinking=self.thinking,
        )
        deltas = traced(
            deltas,
            model=self.model.name,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
        )
        began = 0.0
        async with aclosing(without_repetition(deltas)) as guarded:
            async for delta in guarded:
                self.served = delta.served or self.served
                began = began or time.perf_counter()
                if self.thought and not self.text:
                    self.thinking_ms = (time.perf_counter() - began) * 1000
                if delta.thought or delta.text_was_thought:
                    yield self._think(delta)
                if delta.text:
                    self.text += delta.text
                    yield TextDelta(delta.text, delta.text, self.served)
                if delta.finish_reason in ("length", REPEATED):
                    self.finish = "length" if delta.finish_reason == "length" else "repeated"
                self.tokens = delta.tokens or self.tokens
                self.tool_calls = delta.tool_calls or self.tool_calls
        self.tokens = replace(self.tokens, thought=self.model.count_tokens(self.thought))

    async def complete(self) -> str:
        """Waits for the complete text."""
        async with aclosing(self.stream()) as pieces:
            async for _ in pieces:
                pass
        return self.text

    def _think(self, delta: Delta) -> Thought:
        if delta.text_was_thought:
            self.thought, self.text = self.thought + self.text, ""
        self.thought += delta.thought
        return Thought(delta.thought, self.served, delta.text_was_thought)


def size(model: ChatModel, messages: Sequence[Message]) -> int:
    """Number of tokens of a prompt."""
    return model.count_tokens(render_chatml(messages))


def answer_of(
    text: str,
    writings: Sequence[Writing],
    clock: Clock,
    *,
    checks: Sequence[Check] = (),
    passages: Sequence[Passage] = (),
) -> Answer:
    """The final Answer of a stream, with the finish reason of the last call."""
    clock.lap("generate")
    if thinking_ms := sum(writing.thinking_ms for writing in writings):
        clock.timings_ms["thinking"] = thinking_ms
        clock.timings_ms["generate"] -= thinking_ms
    last, served, citations = writings[-1], served_by(writings), citations_of(checks)
    return Answer(
        text=text,
        citations=citations,
        passages=tuple(passages),
        checks=tuple(checks),
        unsupported=unsupported_of(checks),
        conflicts=tuple(conflicts_of(citations, passages)),
        model=served.engine if served else last.model.name,
        finish_reason=last.finish,
        served=served,
        tokens=total(writings),
        timings_ms=clock.timings_ms,
        thought="".join(writing.thought for writing in writings),
    )


def served_by(writings: Sequence[Writing]) -> Served | None:
    """The engine of the last call, or a fallback engine if one wrote any part."""
    known = [writing.served for writing in writings if writing.served is not None]
    return next(
        (served for served in reversed(known) if served.tried), known[-1] if known else None
    )


def total(writings: Sequence[Writing]) -> TokenCounts:
    """Total tokens of several calls."""
    return TokenCounts(
        sum(w.tokens.prompt for w in writings),
        sum(w.tokens.completion for w in writings),
        sum(w.tokens.thought for w in writings),
    )
