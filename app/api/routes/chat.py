"""Chat. Answers are server-sent events; generation continues after the client disconnects."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from app.api.deps import COUNTED_ASKING, App, Asking
from app.api.problems import problem_of
from app.api.routes.conversations import conversation_out
from app.api.routes.messages import Task, message_out
from app.api.wire import Wire, passage_out
from app.rag.events import Stage, Thought
from app.services.answers.ask import Asked
from app.services.answers.branches.place import Place
from app.services.answers.conversations import MessageView
from app.services.answers.generations import Event
from app.services.errors import Invalid

router = APIRouter(prefix="/api", tags=["search and chat"])

_POLL_S = 0.5


class ChatIn(Wire):
    """A question or, with `regenerate`, another answer to the question of that answer.

    A question is asked at the end of the branch that is shown, after the answer `parent_id`, or in
    place of the question `edit`. Where another question stands there already, it begins a new
    branch, which is shown from then on; the other one is kept with all that followed it.
    """

    question: str = ""
    base_ids: list[str] = Field(
        default_factory=list, max_length=1000, description="Required by task `qa`"
    )
    conversation_id: str | None = Field(
        None, description="A new conversation when empty, unless `parent_id` or `edit` names one"
    )
    parent_id: str | None = Field(None, description="Id of the answer that the question follows")
    edit: str | None = Field(None, description="Id of the question to ask in other words")
    task: Task = "qa"
    document_id: str = Field("", description="Document for task `summarise`")
    fresh: bool = Field(False, description="Bypass approved answers and the answer cache")
    regenerate: str | None = Field(None, description="Id of the answer to regenerate")
    model: str | None = Field(None, description="Engine name or auto; saved for the conversation")
    thinking: bool | None = Field(
        None,
        description="Have the model think first, or not, where it has that switch (`thinking` of "
        "GET /api/models); its default when empty",
    )


def _asked(body: ChatIn, access: Asking, app: App) -> Asked:
    """Validates everything before the stream starts."""
    if sum(given is not None for given in (body.regenerate, body.parent_id, body.edit)) > 1:
        raise Invalid("Send one of regenerate, parent_id and edit.", code="one_place")
    if body.regenerate is not None:
        return app.ask.regenerate(access, body.regenerate, body.model, thinking=body.thinking)
    return app.ask.ask(
        access,
        body.question,
        body.base_ids,
        body.conversation_id,
        body.model,
        place=Place(body.parent_id, body.edit),
        task=body.task,
        document_id=body.document_id,
        fresh=body.fresh,
        thinking=body.thinking,
    )


@router.post("/chat", response_class=EventSourceResponse, dependencies=COUNTED_ASKING)
async def chat(
    asked: Annotated[Asked, Depends(_asked)], access: Asking, app: App
) -> AsyncIterator[Any]:
    """Ask a question. Events: start, stage, sources, thought, delta, done or error.

    `thought` is the next `text` of what a thinking model thinks before it answers; with
    `text_was_thought`, the deltas so far belong to it as well.
    """
    async for number, event in app.ask.start(asked).watch():
        yield sse(number, event)


def _watched(message_id: str, access: Asking, app: App) -> MessageView:
    return app.conversations.message(access, message_id)


@router.get("/messages/{message_id}/events", response_class=EventSourceResponse)
async def watch_message(
    view: Annotated[MessageView, Depends(_watched)],
    access: Asking,
    app: App,
    last_event_id: Annotated[int, Header(ge=0)] = 0,
) -> AsyncIterator[Any]:
    """Events of an answer, from the start or after `Last-Event-ID`, as they occur."""
    generation = app.generations.get(view.message.id)
    if generation is not None:
        async for number, event in generation.watch(last_event_id):
            yield sse(number, event)
        return
    message_id = view.message.id
    while view.message.state == "streaming":  # it runs or ran in another process
        await asyncio.sleep(_POLL_S)
        view = await run_in_threadpool(app.conversations.message, access, message_id)
    yield sse(last_event_id + 1, Event("done", view.message))


def sse(number: int, event: Event) -> ServerSentEvent:
    """Serialises an event; `number` is its id, from 1."""
    data: BaseModel | dict[str, Any]
    match event.name, event.data:
        case "start", Asked() as asked:
            data = {
                "conversation": conversation_out(asked.conversation),
                "question": message_out(asked.question),
                "answer_id": asked.answer.id,
            }
        case "stage", Stage() as stage:
            data = {
                "stage": stage.stage,
                "passages": stage.passages,
                "documents": stage.documents,
                "done": stage.done,
                "total": stage.total,
            }
        case "sources", passages:
            data = {"passages": [passage_out(passage) for passage in passages]}
        case "thought", Thought() as thought:
            data = {"text": thought.text}
            if thought.text_was_thought:
                data["text_was_thought"] = True
        case "delta", text:
            data = {"text": text}
        case "done", message:
            data = {"message": message_out(message)}
        case _, error:
            data = problem_of(error).model_dump(exclude_none=True)
    return ServerSentEvent(data=data, event=event.name, id=str(number))
