"""Where the request at hand comes from, for audit entries and lists of sessions."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visitor:
    """`address` is the client's own, behind proxies that are trusted; empty in the shell."""

    address: str = ""
    user_agent: str = ""


VISITOR: ContextVar[Visitor] = ContextVar("visitor", default=Visitor())  # noqa: B039  # frozen


def visitor() -> Visitor:
    """Who sent the current request; empty outside of requests."""
    return VISITOR.get()
