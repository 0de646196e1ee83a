"""Tool calls in OpenAI's chat protocol, streamed in pieces with the index of their call.

https://platform.openai.com/docs/guides/function-calling#streaming
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.llm.messages import Message, ToolCall


@dataclass(frozen=True, slots=True)
class CallPiece:
    """The next piece of call number `index`; the first piece has id and name."""

    index: int
    id: str
    name: str
    arguments: str


def read_calls(delta: Mapping[str, Any]) -> tuple[CallPiece, ...]:
    """Pieces in the `delta` of a chunk. Raises KeyError, TypeError, AttributeError."""
    return tuple(
        CallPiece(
            call["index"],
            call.get("id") or "",
            call["function"].get("name") or "",
            call["function"].get("arguments") or "",
        )
        for call in delta.get("tool_calls") or ()
    )


def merge_calls(calls: Sequence[ToolCall], pieces: Sequence[CallPiece]) -> tuple[ToolCall, ...]:
    """Adds pieces to the calls so far."""
    merged = list(calls)
    for piece in pieces:
        if piece.index < len(merged):
            call = merged[piece.index]
            merged[piece.index] = replace(call, arguments=call.arguments + piece.arguments)
        else:
            merged.append(ToolCall(piece.id, piece.name, piece.arguments))
    return tuple(merged)


def as_turn(message: Message) -> dict[str, Any]:
    """A message in the protocol's format."""
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        turn["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        turn["tool_call_id"] = message.tool_call_id
    return turn
