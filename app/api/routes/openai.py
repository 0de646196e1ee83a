"""OpenAI-compatible endpoints: any OpenAI client can query a knowledge base.

The additional fields `citations`, `checks` (the verdict on each statement), `served` (the engine)
and `reasoning_content` (what a model thought before its answer) are ignored by plain clients.
"""

import json
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app import tracing
from app.api.deps import COUNTED, App, Asking
from app.api.leaving import ClientLeft, unless_left
from app.api.problems import answer_with, problem_of
from app.llm.messages import Message
from app.rag.events import Question, TextDelta, Thought
from app.rag.types import Answer, Check, Citation
from app.services.errors import Invalid
from app.wiring.application import Zhiwen

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])

_CLIENT_CLOSED = 499  # nginx's status code, only seen in logs
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class ContentPart(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: str
    text: str = ""


class ChatMessage(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[ContentPart]

    def as_message(self) -> Message:
        if isinstance(self.content, str):
            text = self.content
        else:
            if any(part.type != "text" for part in self.content):
                raise Invalid("Only text parts are supported.", code="unsupported_content")
            text = "".join(part.text for part in self.content)
        return Message("system" if self.role == "developer" else self.role, text)


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class TemplateArguments(BaseModel):
    """Arguments of a chat template, as vLLM and llama.cpp take them."""

    model_config = ConfigDict(extra="ignore")

    enable_thinking: bool | None = None


class CompletionIn(BaseModel):
    """The supported fields of a request; others are accepted and ignored."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    temperature: float | None = Field(None, ge=0, le=2)
    chat_template_kwargs: TemplateArguments = TemplateArguments()


@router.get("/models")
def list_models(access: Asking, app: App) -> dict[str, Any]:
    """Model names: `zhiwen` queries all knowledge bases, `zhiwen/<name>` one. `auto` or an engine's
    name queries all with that engine; an @ combines both: `zhiwen/<name>@<engine>`."""
    models = [
        {"id": name, "object": "model", "created": 0, "owned_by": "zhiwen"}
        for name in app.direct.model_names(access)
    ]
    return {"object": "list", "data": models}


def _question(body: CompletionIn, access: Asking, app: App) -> Question:
    messages = [message.as_message() for message in body.messages]
    thinking = body.chat_template_kwargs.enable_thinking
    return app.direct.question(access, body.model, messages, body.temperature, thinking)


@router.post("/chat/completions", response_model=None, dependencies=COUNTED)
async def create_completion(
    body: CompletionIn,
    question: Annotated[Question, Depends(_question)],
    access: Asking,
    app: App,
    request: Request,
) -> Response:
    """Answer the last message from the knowledge base that `model` names."""
    try:
        return await _completion(body, question, app, request)
    except ClientLeft:
        return Response(status_code=_CLIENT_CLOSED)


async def _completion(
    body: CompletionIn, question: Question, app: Zhiwen, request: Request
) -> Response:
    head = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "created": int(time.time()),
        "model": body.model,
    }
    if body.stream:
        frames = _frames(head, question, app, usage=body.stream_options.include_usage)
        # An error before the first token gets its own status code.
        first = await unless_left(request, _first(frames))
        return StreamingResponse(
            _chain(first, frames), media_type="text/event-stream", headers=_HEADERS
        )
    answer = await unless_left(request, _whole_answer(question, app))
    message = {"role": "assistant", "content": answer.text}
    if answer.thought:
        message["reasoning_content"] = answer.thought
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(answer)}
    return JSONResponse(
        {
            **head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": _usage(answer),
            "citations": _dicts(answer.citations),
            "checks": _dicts(answer.checks),
            "served": _served(answer),
            "trace_id": tracing.trace_id(),
        }
    )


async def _whole_answer(question: Question, app: Zhiwen) -> Answer:
    async with aclosing(app.direct.stream(question)) as events:
        async for event in events:
            if isinstance(event, Answer):
                return event
    raise RuntimeError("the answer line ended without an answer")


async def _frames(
    head: dict[str, Any], question: Question, app: Zhiwen, *, usage: bool
) -> AsyncIterator[str]:
    def frame(choices: Sequence[dict[str, Any]], **more: Any) -> str:
        body = {**head, "object": "chat.completion.chunk", "choices": choices, **more}
        return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"

    def choice(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
        return {"index": 0, "delta": delta, "finish_reason": finish_reason}

    begun = False
    try:
        async with aclosing(app.direct.stream(question)) as events:
            async for event in events:
                if isinstance(event, TextDelta | Thought) and event.text:
                    role = {} if begun else {"role": "assistant"}
                    name = "content" if isinstance(event, TextDelta) else "reasoning_content"
                    yield frame([choice({**role, name: event.text})])
                    begun = True
                elif isinstance(event, Answer):
                    last = choice({}, _finish_reason(event))
                    more = {
                        "citations": _dicts(event.citations),
                        "checks": _dicts(event.checks),
                        "served": _served(event),
                        "trace_id": tracing.trace_id(),
                    }
                    yield frame([last], **more)
                    if usage:
                        yield frame([], usage=_usage(event))
    except Exception as error:
        if not begun:
            raise
        body = bytes(answer_with(problem_of(error), openai=True).body).decode()
        yield f"data: {body}\n\n"
        return
    yield "data: [DONE]\n\n"


async def _first(frames: AsyncIterator[str]) -> str:
    return await anext(frames)


async def _chain(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for frame in rest:
        yield frame


def _finish_reason(answer: Answer) -> str:
    return "length" if answer.finish_reason == "length" else "stop"


def _usage(answer: Answer) -> dict[str, int]:
    prompt, completion = answer.tokens.prompt, answer.tokens.completion
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _dicts(found: Sequence[Citation | Check]) -> list[dict[str, Any]]:
    return [asdict(each) for each in found]


def _served(answer: Answer) -> dict[str, Any] | None:
    return asdict(answer.served) if answer.served else None
