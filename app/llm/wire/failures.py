"""Which error each failure of an OpenAI-compatible server is."""

import httpx

from app.llm.chat_model import (
    EngineBusy,
    EngineStreamBroken,
    EngineUnavailable,
    LlmError,
    RequestRejected,
)
from app.llm.wire.chunks import Chunk, MalformedChunk, read_chunk


class Transient(EngineUnavailable):
    """Can be retried: the connection failed, or the server returned 503."""


def checked(data: str, started: bool) -> Chunk:
    """The chunk. Raises LlmError for a malformed one, and for an error that it reports."""
    try:
        chunk = read_chunk(data)
    except MalformedChunk as error:
        raise broken(started, f"malformed chunk: {error}") from error
    if chunk.error is None:
        return chunk
    if started:
        raise EngineStreamBroken(chunk.error.message)
    if 400 <= chunk.error.status < 500:
        raise RequestRejected(chunk.error.message)
    raise EngineUnavailable(chunk.error.message)


def broken(started: bool, reason: str) -> LlmError:
    """Before the first token, unavailable, so that another engine can be tried."""
    return EngineStreamBroken(reason) if started else EngineUnavailable(reason)


def refusal(response: httpx.Response, reason: str) -> LlmError:
    """The error for a response that is not 200."""
    status = response.status_code
    text = f"{response.request.url}: {status} {reason}"
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return EngineBusy(text, _seconds(response.headers.get("Retry-After", "")))
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        return Transient(text)
    if 400 <= status < 500:
        return RequestRejected(text)
    return EngineUnavailable(text)


def _seconds(text: str) -> float | None:
    """`Retry-After` in seconds; engines do not use its date form."""
    try:
        return max(0.0, float(text))
    except ValueError:
        return None
