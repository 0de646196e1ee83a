"""Stops a model that repeats one block until its limit; what it wrote stays as it wrote it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.llm.chat_model import Delta

REPEATED = "repeated"  # the finish reason

_TIMES = 4
_LEAST_CHARS = 300  # of all repetitions together: rules of tables and rows of zeros are shorter
_LONGEST_BLOCK = 400  # characters
_LOOK_EVERY = 40  # characters


async def without_repetition(deltas: AsyncGenerator[Delta, None]) -> AsyncGenerator[Delta, None]:
    """`deltas` until their end, or until a block has come four times in a row."""
    text, looked_at = "", 0
    async with aclosing(deltas):
        async for delta in deltas:
            yield delta
            text += delta.thought + delta.text
            if len(text) - looked_at >= _LOOK_EVERY:
                looked_at = len(text)
                if repeats(text):
                    yield Delta(finish_reason=REPEATED)
                    return


def repeats(text: str) -> bool:
    """Whether the text ends with one block, repeated."""
    tail = text[-_TIMES * _LONGEST_BLOCK :]
    for length in range(1, min(_LONGEST_BLOCK, len(tail) // _TIMES) + 1):
        times = max(_TIMES, -(-_LEAST_CHARS // length))
        run = tail[-length * times :]
        if len(run) == length * times and run[length:] == run[:-length]:
            return bool(run.strip())
    return False
