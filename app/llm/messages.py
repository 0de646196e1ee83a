"""Messages to and from chat models: the lowest layer of this package."""

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
    """One turn. With role `tool`, the result of the call `tool_call_id`."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """`thought`: those of the completion that are the model's thought, by our own count."""

    prompt: int = 0
    completion: int = 0
    thought: int = 0


@dataclass(frozen=True, slots=True)
class Tried:
    """An engine that was tried and failed; `detail` is for its operator."""

    engine: str
    reason: Literal["unavailable", "open", "busy", "rejected"]
    detail: str


@dataclass(frozen=True, slots=True)
class Served:
    """Which engine wrote an answer.

    `wanted` is the client's choice, an engine's name or `auto`; `reason` is the routing reason for
    the first choice, see `app.llm.routing`. `adapter` is empty for the bare model.
    """

    engine: str
    wanted: str
    reason: str
    tried: tuple[Tried, ...] = ()
    adapter: str = ""
