"""How the stand-in answers: messages, and the events of an answer while it is written."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict

from app.api.routes.chat import ChatIn
from app.api.routes.conversations import ConversationOut
from app.api.routes.messages import CitationOut, MessageOut, VerdictOut
from app.api.wire import Problem
from app.rag.grounding.embedded import EmbeddedChecker
from app.services.answers.stored_prompt import passage_from
from tests.ui.stand_in import branches
from tests.ui.stand_in.service import Application, new_id, now
from tests.ui.stand_in.texts import ANSWERS, LONG_ANSWER, NO_SOURCES


async def write_answer(application: Application, answer: MessageOut, question: str) -> None:
    base_ids = application.conversations[answer.conversation_id].base_ids
    application.emit(answer.id, "stage", {"stage": "searching", "passages": 0, "documents": 0})
    await asyncio.sleep(application.stage_s)
    none = any(word in question for word in NO_SOURCES)
    answer.passages = application.find(question, base_ids, 3 if none else 5)
    files = len({p.document_id for p in answer.passages})
    found = {"passages": len(answer.passages), "documents": files}
    application.emit(answer.id, "stage", {"stage": "reading", **found})
    shown = [p.model_dump(mode="json") for p in answer.passages]
    application.emit(answer.id, "sources", {"passages": shown})
    await asyncio.sleep(application.stage_s)
    if application.engine_down_since:
        answer.state = "failed"
        answer.error_code = "engine_unavailable"
        answer.error_detail = "The model engine does not answer."
        problem = Problem(
            title="Engine down", status=503, detail=answer.error_detail, code=answer.error_code
        )
        application.emit(answer.id, "error", problem.model_dump(mode="json"))
        return
    if settled := next((a for a in application.approved.values() if a.question == question), None):
        answer.approved_id, answer.passages = settled.id, answer.passages[:1]
        finish(application, answer, settled.answer, "approved")
        return
    if application.thought and application.asked[-1].thinking and not none:
        await think(application, answer)
        if application.only_thinks:
            finish(application, answer, "", "length")
            return
    text = "这些资料里没有找到答案。" if none else ANSWERS[answer.variant % len(ANSWERS)]
    if "表格" in question:
        text = LONG_ANSWER
    if "long" in question:
        text = "\n\n".join([text] * 30)
    if not none:
        application.emit(answer.id, "stage", {"stage": "writing", **found})
        for piece in [text[i : i + 3] for i in range(0, len(text), 3)]:
            answer.content += piece
            application.emit(answer.id, "delta", {"text": piece})
            await asyncio.sleep(application.delta_s)
    finish(application, answer, text, "no_sources" if none else "stop")


async def think(application: Application, answer: MessageOut) -> None:
    for piece in [application.thought[i : i + 3] for i in range(0, len(application.thought), 3)]:
        answer.thought += piece
        application.emit(answer.id, "thought", {"text": piece})
        await asyncio.sleep(application.delta_s)


def finish(application: Application, answer: MessageOut, text: str, reason: str) -> None:
    answer.content = text
    answer.state = "stopped" if reason == "stopped" else "complete"
    answer.finish_reason = reason
    answer.served = application.served
    answer.model, answer.prompt_tokens, answer.completion_tokens = "stand-in-0.5b", 812, 164
    answer.timings_ms = {"retrieve": 8.4, "prompt": 3.0, "first_token": 412.0, "total": 5230.0}
    if answer.thought:
        answer.timings_ms["thinking"] = 12_400.0
    answer.citations = [
        CitationOut(
            marker=n,
            chunk_id=p.chunk_id,
            document_id=p.document_id,
            document_name=p.document_name,
            page=p.page,
            start=p.start,
            end=min(p.end, p.start + 24),
            text=p.text[:24],
        )
        for n, p in enumerate(answer.passages, 1)
        if f"[{n}]" in text
    ]
    passages = [passage_from(passage.model_dump()) for passage in answer.passages]
    answer.checks = [
        VerdictOut.model_validate(asdict(check))
        for check in EmbeddedChecker().check("", text, passages)
        if reason != "no_sources"
    ]
    application.emit(answer.id, "done", {"message": answer.model_dump(mode="json")})


async def read_events(application: Application, answer_id: str) -> AsyncIterator[str]:
    seen = 0
    while True:
        for name, data in application.events[answer_id][seen:]:
            seen += 1
            yield f"id: {seen}\nevent: {name}\ndata: {data}\n\n"
            if name in ("done", "error"):
                return
        yield ": ping\n\n"
        await asyncio.sleep(0.02)


def make_message(
    application: Application, conversation_id: str, position: int, **more: object
) -> str:
    message = MessageOut.model_validate(
        {
            "id": new_id(),
            "conversation_id": conversation_id,
            "position": position,
            "variant": 0,
            "role": "user",
            "state": "complete",
            "content": "",
            "model": None,
            "finish_reason": None,
            "error_detail": None,
            "passages": [],
            "citations": [],
            "prompt_tokens": 0,
            "completion_tokens": 0,
            "timings_ms": {},
            "feedback": None,
            "created_at": now(),
        }
        | more
    )
    application.messages[message.id] = message
    return message.id


def open_answer(application: Application, body: ChatIn) -> tuple[str, str]:
    """Question and answer messages for a request, both stored before anything is written."""
    if body.regenerate:
        asked = application.messages[str(application.messages[body.regenerate].parent_id)]
        return asked.id, _empty_answer(application, asked)
    conversation = application.conversations.get(body.conversation_id or "")
    if conversation is None:
        conversation = ConversationOut(
            id=new_id(),
            title=body.question[:30],
            created_at=now(),
            base_ids=body.base_ids,
            updated_at=now(),
        )
        application.conversations[conversation.id] = conversation
    conversation.base_ids, conversation.updated_at = body.base_ids, now()
    conversation.model = body.model or conversation.model
    tree = branches.tree_of(application, conversation.id)
    above = branches.shown(application, conversation.id)
    before = body.parent_id or (above[-1].id if above else None)
    if body.edit:
        before = application.messages[body.edit].parent_id
    asked_id = make_message(
        application,
        conversation.id,
        tree.nodes[before].position + 1 if before else 0,
        parent_id=before,
        variant=len(tree.asked_after(before)),
        content=body.question,
    )
    branches.show(application, asked_id)
    return asked_id, _empty_answer(application, application.messages[asked_id])


def _empty_answer(application: Application, asked: MessageOut) -> str:
    tree = branches.tree_of(application, asked.conversation_id)
    return make_message(
        application,
        asked.conversation_id,
        asked.position + 1,
        parent_id=asked.id,
        variant=len(tree.answers(asked.id)),
        role="assistant",
        state="streaming",
    )
