"""Messages in and out of chat models: the lowest layer, which everything about models builds on."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call requested by the model; `arguments` is JSON as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. With role `tool` it holds the result of the call `tool_call_id`."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class TokenCounts:
    prompt: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True)
class Tried:
    """An engine that should have answered and did not; `detail` is for its operator."""

    engine: str
    reason: Literal["unavailable", "open", "busy", "rejected"]
    detail: str


@dataclass(frozen=True, slots=True)
class Served:
    """Which engine wrote an answer.

    `wanted` is what the client asked for, an engine's name or `auto`; `reason` says why `engine`
    came first, in a word of `app.llm.routing`.
    """

    engine: str
    wanted: str
    reason: str
    tried: tuple[Tried, ...] = ()
