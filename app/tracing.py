"""To which request something belongs, and how long its parts take.

Every request has a trace id, 32 hexadecimal digits as in W3C Trace Context: in the header
`X-Trace-Id` of its response, in what it logs, and with every answer and rating. Spans are recorded
only while a tracer is in use (`app/telemetry.py`); without one they cost a comparison, and
OpenTelemetry is not imported.
"""

import re
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Protocol

Attribute = str | int | float | bool | tuple[str, ...]

TRACE_ID: ContextVar[str] = ContextVar("trace_id", default="")

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class OpenSpan(Protocol):
    """A span that is ended by hand, for what pauses and goes on in other tasks."""

    def set(self, attributes: Mapping[str, Attribute]) -> None: ...

    def end(self, error: BaseException | None = None) -> None: ...


class Tracer(Protocol):
    """Implemented with OpenTelemetry in `app/telemetry.py`."""

    def trace_id(self) -> str:
        """Of the running request's span; empty where there is none."""

    def span(self, name: str) -> AbstractContextManager[object]:
        """A span around a block, the parent of what is recorded inside."""

    def open(self, name: str, attributes: Mapping[str, Attribute]) -> OpenSpan:
        """A span of a call to another service."""


_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Record the spans of this process with that tracer from now on; None: don't."""
    global _tracer  # noqa: PLW0603  # one a process, as in OpenTelemetry itself
    _tracer = tracer


def tracer() -> Tracer | None:
    return _tracer


def span(name: str) -> AbstractContextManager[object]:
    """A span around a block, where spans are recorded."""
    return _tracer.span(name) if _tracer is not None else nullcontext()


def trace_id() -> str:
    """Of the request that is being served; empty outside of one."""
    return TRACE_ID.get()


def begin(traceparent: str = "") -> str:
    """Set and return the trace id of a request that begins: of its span, of the caller's
    `traceparent` header, or a new one."""
    found = _tracer.trace_id() if _tracer is not None else ""
    if not found:
        match = _TRACEPARENT.fullmatch(traceparent)
        found = match[1] if match else secrets.token_hex(16)
    TRACE_ID.set(found)
    return found
