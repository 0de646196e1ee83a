"""Trace ids and spans of requests.

Every request has a trace id, 32 hexadecimal digits as in W3C Trace Context. It appears in the
response header `X-Trace-Id`, in log lines, and with every answer and rating. Spans are only
recorded if a tracer is set (`app/telemetry.py`); otherwise they cost one comparison, and
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
    """A span that is ended explicitly, for work that continues in other tasks."""

    def set(self, attributes: Mapping[str, Attribute]) -> None: ...

    def end(self, error: BaseException | None = None) -> None: ...


class Tracer(Protocol):
    """Implemented with OpenTelemetry in `app/telemetry.py`."""

    def trace_id(self) -> str:
        """Trace id of the current request's span; empty if there is none."""

    def span(self, name: str) -> AbstractContextManager[object]:
        """A span around a block, the parent of spans inside."""

    def open(self, name: str, attributes: Mapping[str, Attribute]) -> OpenSpan:
        """Opens a span for a call to another service."""


_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Sets the tracer of this process; None turns spans off."""
    global _tracer  # noqa: PLW0603  # one per process, as in OpenTelemetry
    _tracer = tracer


def tracer() -> Tracer | None:
    return _tracer


def span(name: str) -> AbstractContextManager[object]:
    """A span around a block, if a tracer is set."""
    return _tracer.span(name) if _tracer is not None else nullcontext()


def trace_id() -> str:
    """Trace id of the current request; empty outside of requests."""
    return TRACE_ID.get()


def begin(traceparent: str = "") -> str:
    """Sets and returns the trace id of a new request: from its span, from the `traceparent` header,
    or a new one."""
    found = _tracer.trace_id() if _tracer is not None else ""
    if not found:
        match = _TRACEPARENT.fullmatch(traceparent)
        found = match[1] if match else secrets.token_hex(16)
    TRACE_ID.set(found)
    return found
