"""The protocol of chat models and its errors.

LlmError
├── EngineUnavailable   refused, timed out, or answered 5xx before the first token
│   └── CircuitOpen     it failed so often that it is left alone for a while
├── EngineBusy          the engine's queue is full (429); `retry_after_s` where it said so
├── EngineStreamBroken  the stream ended in the middle; what came before is kept
├── RequestRejected     the engine refused the request itself (4xx)
└── EnginesInvalid      engines.toml makes no sense
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.llm.messages import Message, Served, TokenCounts, ToolCall


class LlmError(Exception):
    """Base of all errors of this package."""


class EngineUnavailable(LlmError):
    """Nothing came: refused, timed out, or 5xx before the first token."""


class CircuitOpen(EngineUnavailable):
    """The engine was not asked: it failed too often just now."""


class EngineBusy(LlmError):
    """The engine's queue is full."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class EngineStreamBroken(LlmError):
    """The stream ended in the middle of an answer."""


class RequestRejected(LlmError):
    """The engine refused the request."""


class EnginesInvalid(LlmError):
    """What is said about engines makes no sense. The message names file, engine and field."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer. The last one carries `finish_reason`, token counts, and the
    tools that the model wants to call; the first one of a gateway which engine it is from."""

    text: str = ""
    finish_reason: str | None = None
    tokens: TokenCounts | None = None
    served: Served | None = None
    tool_calls: tuple[ToolCall, ...] = ()


class ChatModel(Protocol):
    """A served model. Implementations: `OpenAIChatModel`, `Gateway` over several of them, and
    `ScriptedChatModel` for tests."""

    name: str
    context_tokens: int

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> AsyncGenerator[Delta, None]:
        """Yield the answer as it is generated. Closing the generator cancels the generation.

        `tools` are descriptions in the form of OpenAI's chat protocol; behind other protocols they
        are left out.

        Raises the errors of this module; after the first delta only EngineStreamBroken.
        """

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` in this model's vocabulary, control tokens of ChatML counted as one."""

    async def ready(self) -> bool:
        """Whether the engine answers now. Never raises."""

    async def close(self) -> None:
        """Close the connections to the engine."""
