"""OpenAI-compatible endpoints: any OpenAI client can query a knowledge base.

The additional fields `citations`, `checks` (the verdict on each statement), `served` (the engine)
and `reasoning_content` (what a model thought before its answer) are ignored by plain clients.
"""

import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from app import tracing
from app.api.deps import COUNTED_ASKING, App, Asking
from app.api.leaving import ClientLeft, unless_left
from app.api.problems import answer_with, problem_of
from app.llm.messages import Message, Role
from app.rag.events import Question, TextDelta, Thought
from app.rag.types import Answer, Check, Citation
from app.services.errors import Invalid
from app.wiring.application import Zhiwen

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])

CLIENT_CLOSED = 499  # nginx's status code, only seen in logs
_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class OpenAiIn(BaseModel):
    """The supported fields; others are accepted and ignored. Null is as good as left out."""

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None}


class ContentPart(OpenAiIn):
    type: str
    text: str = ""


def _form_of(content: Any) -> str:
    """Only one form is validated, so that an error is told once."""
    return "parts" if isinstance(content, list) else "text"


Content = Annotated[
    Annotated[str, Tag("text")] | Annotated[list[ContentPart], Tag("parts")],
    Discriminator(_form_of),
]


class ChatMessage(OpenAiIn):
    """An assistant's message may have only tool calls. Those, and what tools returned, are ignored,
    as is everything but text in earlier messages."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content = ""

    def as_message(self) -> Message:
        role = _ROLES[self.role]
        if isinstance(self.content, str):
            return Message(role, self.content)
        return Message(role, "".join(part.text for part in self.content if part.type == "text"))

    @property
    def is_text(self) -> bool:
        return isinstance(self.content, str) or all(part.type == "text" for part in self.content)


class StreamOptions(OpenAiIn):
    include_usage: bool = False


class TemplateArguments(OpenAiIn):
    """Arguments of a chat template, as vLLM and llama.cpp take them."""

    enable_thinking: bool | None = None


class CompletionIn(OpenAiIn):
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
    return {"object": "list", "data": [_model(name) for name in app.direct.model_names(access)]}


@router.get("/models/{model:path}")
def read_model(model: str, access: Asking, app: App) -> dict[str, Any]:
    """One model, or 404; the embedder's name is known as well."""
    if model != app.embedder.name:
        app.direct.bases_of(access, model)
    return _model(model)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "zhiwen"}


@dataclass(frozen=True, slots=True)
class _Asked:
    body: CompletionIn
    question: Question


def _asked(body: CompletionIn, access: Asking, app: App) -> _Asked:
    if not body.messages[-1].is_text:
        raise Invalid("Only text parts are supported.", code="unsupported_content")
    messages = [message.as_message() for message in body.messages]
    thinking = body.chat_template_kwargs.enable_thinking
    question = app.direct.question(access, body.model, messages, body.temperature, thinking)
    return _Asked(body, question)


@router.post("/chat/completions", response_model=None, dependencies=COUNTED_ASKING)
async def create_completion(
    asked: Annotated[_Asked, Depends(_asked)], access: Asking, app: App, request: Request
) -> Response:
    """Answer the last message from the knowledge base that `model` names. What a chat front end
    asks for itself, such as a title of the conversation, is answered by the model alone."""
    try:
        return await _completion(asked.body, asked.question, app, request)
    except ClientLeft:
        return Response(status_code=CLIENT_CLOSED)


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
