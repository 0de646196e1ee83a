"""Cancels work for a client that disconnects before its response starts.

Once a response streams, the server notices a disconnect by itself; before the first byte it does
not.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

Result = TypeVar("Result")


class ClientLeft(Exception):
    """The client closed the connection."""


async def unless_left(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """Awaits `work`. If the client disconnects first, cancels it and raises ClientLeft.

    The request body must have been read already.
    """
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientLeft
        return task.result()
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
