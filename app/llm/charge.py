"""The tokens of each model call go to the account of who asked, also where they stop it."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from contextvars import ContextVar

from app.llm.chat_model import ChatModel, Delta
from app.llm.messages import Message

# Takes the tokens of what the current task has models write, for the account of who asked.
CHARGE: ContextVar[Callable[[int], None] | None] = ContextVar("charge", default=None)


async def charged(
    deltas: AsyncGenerator[Delta, None], model: ChatModel, messages: Sequence[Message]
) -> AsyncGenerator[Delta, None]:
    """Charges the call once it has ended: what the engine counted or, where it was stopped before
    it said so, the prompt and what was written by our own count. What failed before its first token
    is free."""
    charge = CHARGE.get()
    if charge is None:
        async with aclosing(deltas):
            async for delta in deltas:
                yield delta
        return
    written, counted, failed = "", 0, False
    try:
        async with aclosing(deltas):
            async for delta in deltas:
                written += delta.thought + delta.text
                if delta.tokens is not None:
                    counted = delta.tokens.prompt + delta.tokens.completion
                yield delta
    except Exception:
        failed = True
        raise
    finally:
        if counted or written or not failed:
            charge(counted or _count(model, messages, written))


def _count(model: ChatModel, messages: Sequence[Message], written: str) -> int:
    read = "\n".join(message.content for message in messages)
    return model.count_tokens(read) + model.count_tokens(written)
