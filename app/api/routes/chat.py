"""Search and chat. Answers come as server-sent events and go on when nobody watches."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from app.api.deps import House
from app.api.problems import problem_of
from app.api.schemas import ChatIn, MessageOut, ReplayOut, SearchIn, SearchOut
from app.api.views import conversation_out, message_out, passage_out
from app.rag.answer import Stage
from app.rag.types import Passage
from app.services.answers.ask import Asked
from app.services.answers.conversations import MessageView
from app.services.answers.generations import Event

router = APIRouter(prefix="/api", tags=["search and chat"])

_POLL_S = 0.5


@router.post("/search")
def search(body: SearchIn, house: House) -> SearchOut:
    """The best passages with every stage's score, without an answer."""
    found = house.search.search(body.query, body.base_ids, body.top_k)
    return SearchOut(passages=[passage_out(p) for p in found.passages], timings_ms=found.timings_ms)


def _asked(body: ChatIn, house: House) -> Asked:
    """Everything that can be refused is refused here, before the stream begins."""
    if body.regenerate is not None:
        return house.ask.regenerate(body.regenerate, body.model)
    return house.ask.ask(
        body.question,
        body.base_ids,
        body.conversation_id,
        body.model,
        task=body.task,
        document_id=body.document_id,
        fresh=body.fresh,
    )


@router.post("/chat", response_class=EventSourceResponse)
async def chat(asked: Annotated[Asked, Depends(_asked)], house: House) -> AsyncIterator[Any]:
    """Ask. Events: start, stage, sources, delta, done or error."""
    async for number, event in house.ask.start(asked).watch():
        yield sse(number, event)


@router.get("/messages/{message_id}")
def read_message(message_id: str, house: House) -> MessageOut:
    """One question or answer."""
    view = house.conversations.message(message_id)
    return message_out(view.message, view.feedback)


def _watched(message_id: str, house: House) -> MessageView:
    return house.conversations.message(message_id)


@router.get("/messages/{message_id}/events", response_class=EventSourceResponse)
async def watch_message(
    view: Annotated[MessageView, Depends(_watched)],
    house: House,
    last_event_id: Annotated[int, Header(ge=0)] = 0,
) -> AsyncIterator[Any]:
    """The events of an answer again, from the start or after `Last-Event-ID`, as they come."""
    generation = house.generations.get(view.message.id)
    if generation is not None:
        async for number, event in generation.watch(last_event_id):
            yield sse(number, event)
        return
    message_id = view.message.id
    while view.message.state == "streaming":  # it runs in another process, or did
        await asyncio.sleep(_POLL_S)
        view = await run_in_threadpool(house.conversations.message, message_id)
    yield sse(last_event_id + 1, Event("done", view.message))


@router.post("/messages/{message_id}/stop", status_code=202)
def stop_message(message_id: str, house: House) -> MessageOut:
    """Stop writing; the text so far is kept. Nothing happens to a finished answer."""
    view = house.conversations.message(message_id)
    house.generations.stop(message_id)
    return message_out(view.message, view.feedback)


@router.post("/messages/{message_id}/replay")
async def replay_message(message_id: str, house: House) -> ReplayOut:
    """Make an answer again from what is stored with it; nothing is changed."""
    made = await house.replay.run(message_id)
    return ReplayOut(
        message_id=message_id,
        same=made.same,
        before=made.answer.content,
        after=made.text,
        model=made.model,
        recipe=made.answer.recipe,
        notes=list(made.notes),
    )


def sse(number: int, event: Event) -> ServerSentEvent:
    """The event on the wire; `number` is its id, from 1."""
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
            data = {"passages": _passages(passages)}
        case "delta", text:
            data = {"text": text}
        case "done", message:
            data = {"message": message_out(message)}
        case _, error:
            data = problem_of(error).model_dump(exclude_none=True)
    return ServerSentEvent(data=data, event=event.name, id=str(number))


def _passages(passages: Sequence[Passage | Mapping[str, Any]]) -> list[Any]:
    return [passage_out(p) for p in passages]
