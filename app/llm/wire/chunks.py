"""Parses streamed chunks and error bodies of OpenAI-compatible servers."""

import json
from dataclasses import dataclass
from typing import Any

from app.llm.messages import TokenCounts
from app.llm.wire.tool_calls import CallPiece, read_calls

DONE = "[DONE]"

_MAX_REASON_CHARS = 300


class MalformedChunk(ValueError):
    """A chunk that violates the protocol."""


@dataclass(frozen=True, slots=True)
class ChunkError:
    """An error inside a stream that started with 200. `status` is 0 if none is given."""

    message: str
    status: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """`thought`: what a server with a reasoning parser sends apart from the text."""

    text: str = ""
    finish_reason: str | None = None
    tokens: TokenCounts | None = None
    error: ChunkError | None = None
    tool_calls: tuple[CallPiece, ...] = ()
    thought: str = ""


def read_chunk(data: str) -> Chunk:
    """Parses one `data:` field of a completions or chat stream. Raises MalformedChunk."""
    try:
        document = json.loads(data)
        if document.get("error"):
            return Chunk(error=_chunk_error(document["error"]))
        usage = document.get("usage")
        tokens = TokenCounts(usage["prompt_tokens"], usage["completion_tokens"]) if usage else None
        if not document["choices"]:
            return Chunk(tokens=tokens)
        choice = document["choices"][0]
        delta = choice.get("delta", {})
        text = delta.get("content") if "delta" in choice else choice["text"]
        return Chunk(
            text or "",
            choice.get("finish_reason"),
            tokens,
            tool_calls=read_calls(delta),
            # Its older name, and what vLLM has called it since 0.11.
            thought=delta.get("reasoning_content") or delta.get("reasoning") or "",
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise MalformedChunk(f"{data[:_MAX_REASON_CHARS]!r} ({error!r})") from error


def error_reason(body: bytes) -> str:
    """The message of an error body, in one line."""
    text = body.decode("utf-8", errors="replace").strip()
    try:
        document = json.loads(text)
    except ValueError:
        return text[:_MAX_REASON_CHARS]
    if isinstance(document, dict):
        inner = document.get("error", document)
        text = str(inner.get("message", inner) if isinstance(inner, dict) else inner)
    return text[:_MAX_REASON_CHARS]


def _chunk_error(error: Any) -> ChunkError:
    if not isinstance(error, dict):
        return ChunkError(str(error), 0)
    code = error.get("code")
    return ChunkError(str(error.get("message", error)), code if isinstance(code, int) else 0)
