"""What whoever asks for a file may choose about how it is read. Set once a process, or for a while.

with reading(hidden=True):
    parse(data, "prices.xlsx")
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_hidden: ContextVar[bool] = ContextVar("hidden", default=False)


def hidden_is_read() -> bool:
    """Whether hidden sheets, rows, columns, and hidden text of Word are read as well."""
    return _hidden.get()


def read_hidden(hidden: bool) -> None:
    """From here on."""
    _hidden.set(hidden)


@contextmanager
def reading(*, hidden: bool) -> Iterator[None]:
    token = _hidden.set(hidden)
    try:
        yield
    finally:
        _hidden.reset(token)
