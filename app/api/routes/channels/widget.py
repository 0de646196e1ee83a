"""The chat widget: a script for web pages, and the one route that it calls.

Its key stands in the page for everyone to read. So it has the scope `widget` and no other, and
opens this route alone: no conversations, no documents, no list of either. Nothing is stored; the
page sends along what was said before.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field

from app.api.deps import COUNTED_EMBEDDED, App, Embedded
from app.api.problems import problem_of
from app.api.wire import Wire
from app.llm.messages import Message
from app.rag.events import Question, TextDelta, Thought
from app.rag.types import Answer
from app.services.people.visitor import visitor

router = APIRouter(tags=["chat widget"])

_MAX_TURNS = 12
_MAX_TURN_CHARS = 20_000
_CACHE = "public, max-age=3600"  # then asked for again by its ETag


class TurnIn(Wire):
    role: Literal["user", "assistant"]
    content: str = Field(max_length=_MAX_TURN_CHARS)


class WidgetIn(Wire):
    """`base`: name or id of one of the key's bases; all of them when empty."""

    question: str
    base: str = Field("", max_length=200)
    history: list[TurnIn] = Field(default_factory=list, max_length=_MAX_TURNS)


def _within_limit(_: Embedded, app: App) -> None:
    """Of one visitor, before the key's own limits are touched."""
    app.throttle.ask(visitor().address)


def _asked(body: WidgetIn, access: Embedded, app: App) -> Question:
    """Validates everything before the stream starts."""
    turns = [Message(turn.role, turn.content) for turn in body.history]
    bases = app.direct.bases_named(access, [body.base] if body.base else [])
    return app.direct.about(access, bases, [*turns, Message("user", body.question)])


@router.post(
    "/api/widget/chat",
    response_class=EventSourceResponse,
    dependencies=(Depends(_within_limit), *COUNTED_EMBEDDED),
)
async def widget_chat(
    asked: Annotated[Question, Depends(_asked)], access: Embedded, app: App
) -> AsyncIterator[Any]:
    """Ask from a web page, with a key of scope `widget`. Events: delta, restart (what came so far
    is no part of the answer), done with text and citations, or error. Nothing is stored."""
    try:
        async with aclosing(app.direct.stream(asked)) as events:
            async for event in events:
                match event:
                    case TextDelta(text=text) if text:
                        yield ServerSentEvent(event="delta", data={"text": text})
                    case Thought(text_was_thought=True):
                        yield ServerSentEvent(event="restart", data={})
                    case Answer():
                        yield ServerSentEvent(event="done", data=_done(event))
    except Exception as error:
        problem = problem_of(error).model_dump(exclude_none=True)
        yield ServerSentEvent(event="error", data=problem)


def _done(answer: Answer) -> dict[str, Any]:
    """Names and words of sources only: ids would lead into what is private."""
    cited = {
        (c.marker, c.text): {
            "marker": c.marker,
            "document_name": c.document_name,
            "page": c.page,
            "text": c.text,
        }
        for c in answer.citations
    }
    return {"text": answer.text, "citations": list(cited.values())}


@cache
def _script() -> tuple[bytes, str]:
    """The script and its ETag."""
    content = Path(__file__).with_name("widget.js").read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:20]}"'


@router.get("/widget.js", response_class=Response)
def widget_script(if_none_match: Annotated[str, Header()] = "") -> Response:
    """The widget's script, for everyone."""
    content, tag = _script()
    headers = {
        "Cache-Control": _CACHE,
        "ETag": tag,
        # Pages that isolate themselves load from other origins only what says so.
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if tag in if_none_match:  # proxies that compress make it weak: W/"…"
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="text/javascript; charset=utf-8")
