"""The protocol of chat models and its errors.

LlmError
├── EngineUnavailable   refused, timed out, or answered 5xx before the first token
│   └── CircuitOpen     it failed too often and is paused for a while
├── EngineBusy          the engine's queue is full (429); `retry_after_s` if known
├── EngineStreamBroken  the stream ended early; the text so far is kept
├── RequestRejected     the engine rejected the request itself (4xx)
└── EnginesInvalid      engines.toml is invalid
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from app.llm.messages import Message, Served, TokenCounts, ToolCall


class LlmError(Exception):
    """Base of all errors of this package."""

    code = "engine_error"


class EngineUnavailable(LlmError):
    """Refused, timed out, or answered 5xx before the first token."""

    code = "engine_unavailable"


class CircuitOpen(EngineUnavailable):
    """The engine was skipped, since it failed too often recently."""


class EngineBusy(LlmError):
    """The engine's queue is full."""

    code = "engine_busy"

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class EngineStreamBroken(LlmError):
    """The stream ended before the answer was complete."""

    code = "engine_stream_broken"


class RequestRejected(LlmError):
    """The engine rejected the request."""


class EnginesInvalid(LlmError):
    """The engine configuration is invalid. The message names file, engine and field."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer, or of the thought before it. The last one carries
    `finish_reason`, token counts and tool calls; the first one of a gateway carries the engine in
    `served`, the first one of a model its adapter. `text_was_thought`: all text so far belongs to
    the thought, as is known only now."""

    text: str = ""
    finish_reason: str | None = None
    tokens: TokenCounts | None = None
    served: Served | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    thought: str = ""
    text_was_thought: bool = False
    adapter: str = ""


class ChatModel(Protocol):
    """A served model. Implementations: `OpenAIChatModel`, `Gateway` over several of them, and
    `ScriptedChatModel` for tests."""

    name: str
    context_tokens: int

    def stream(
        self,
        messages: "Messages",
        *,
        max_tokens: int,
        temperature: float | None = None,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
        thinking: bool | None = None,
    ) -> AsyncGenerator[Delta, None]:
        """Yields the answer as it is generated. Closing the generator cancels the generation.

        `temperature` None: the model's own. `thinking` switches thinking on or off where the model
        has such a switch; None is its default. A thought has room of its own beside `max_tokens`.

        `messages` may be a function of the model that is asked, so that over several engines each
        gets a prompt in its own style. `tools` are descriptions in OpenAI's chat format; other
        protocols ignore them.

        Raises the errors of this module; after the first delta only EngineStreamBroken.
        """

    async def first_tokens(self, messages: "Messages") -> Mapping[str, float]:
        """The likeliest first tokens of an answer with their probabilities, 0 to 1, which sum up to
        at most 1; a server that tells none gives its one token the probability 1.

        A prompt that begins like the last one costs little: the engine still has it in its cache.
        Raises the errors of this module.
        """

    def count_tokens(self, text: str) -> int:
        """Number of tokens of `text`; a ChatML control token counts as one."""

    async def ready(self) -> bool:
        """Whether the engine responds now. Never raises."""

    async def close(self) -> None:
        """Closes the connections to the engine."""


# What a model is asked, or a function that makes it for the model that is asked.
Messages: TypeAlias = Sequence[Message] | Callable[[ChatModel], Sequence[Message]]


def messages_for(model: ChatModel, messages: Messages) -> Sequence[Message]:
    """The messages for that model."""
    return messages(model) if callable(messages) else messages
