"""A stand-in for the API, in memory: the wire contract without models, for tests of the interface.

It answers with shapes from `app.api.schemas`, so it cannot drift from the contract unnoticed.
"""

import asyncio
import hashlib
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from app.api import schemas as wire
from tests.ui.stand_in_texts import ANSWERS, LEAVE_RULES, NO_SOURCES, TRAVEL_RULES

_numbers = itertools.count(1)


def new_id() -> str:
    return f"{next(_numbers):024x}"


def now() -> datetime:
    return datetime.now(UTC)


class Refused(Exception):
    def __init__(self, status: int, code: str, detail: str) -> None:
        self.problem = wire.Problem(title=code, status=status, detail=detail, code=code)


@dataclass
class House:
    """All that the stand-in knows, and the knobs that tests turn."""

    bases: dict[str, wire.BaseOut] = field(default_factory=dict)
    documents: dict[str, wire.DocumentOut] = field(default_factory=dict)
    bytes_of: dict[str, bytes] = field(default_factory=dict)
    conversations: dict[str, wire.ConversationOut] = field(default_factory=dict)
    messages: dict[str, wire.MessageOut] = field(default_factory=dict)
    events: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    engine_down_since: datetime | None = None
    healthy: bool = True
    max_question_chars: int = 8000
    stage_s: float = 0.0
    delta_s: float = 0.0
    ingest_s: float = 0.0

    def add_base(self, name: str) -> wire.BaseOut:
        base = wire.BaseOut(
            id=new_id(),
            name=name,
            description="",
            embedder="stand-in",
            document_count=0,
            ready_count=0,
            failed_count=0,
            chunk_count=0,
            created_at=now(),
        )
        self.bases[base.id] = base
        return base

    def add_document(self, base_id: str, name: str, data: bytes, state: str) -> wire.DocumentOut:
        ready = state == "ready"
        failed = state == "failed"
        document = wire.DocumentOut.model_validate(
            {
                "id": new_id(),
                "base_id": base_id,
                "name": name,
                "media_type": "text/markdown",
                "size_bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "state": state,
                "done": 3 if state == "parsing" else 0,
                "total": 12 if state == "parsing" else 0,
                "error_code": "encrypted" if failed else None,
                "error_detail": "The PDF is protected by a password." if failed else None,
                "title": "",
                "page_count": 2 if ready else None,
                "chunk_count": 4 if ready else 0,
                "created_at": now(),
                "updated_at": now(),
            }
        )
        self.documents[document.id] = document
        self.bytes_of[document.id] = data
        return document

    def counted(self, base: wire.BaseOut) -> wire.BaseOut:
        states = [d.state for d in self.documents.values() if d.base_id == base.id]
        base.document_count = len(states)
        base.ready_count = states.count("ready")
        base.failed_count = states.count("failed")
        return base

    def text(self, document_id: str) -> str:
        return self.bytes_of[document_id].decode("utf-8", "replace")

    def find(self, query: str, base_ids: list[str], top_k: int) -> list[wire.PassageOut]:
        """Paragraphs that share most characters with the query; good enough to be shown."""
        found: list[wire.PassageOut] = []
        for document in self.documents.values():
            if document.base_id not in base_ids or document.state != "ready":
                continue
            start = 0
            for ordinal, part in enumerate(self.text(document.id).split("\n\n")):
                shared = len(set(query.lower()) & set(part.lower()) - set(" ，。？?的"))
                passage = wire.PassageOut(
                    chunk_id=int(document.id, 16) * 1000 + ordinal,
                    document_id=document.id,
                    document_name=document.name,
                    base_id=document.base_id,
                    ordinal=ordinal,
                    text=part,
                    start=start,
                    end=start + len(part),
                    page=1 + ordinal // 3,
                    title=document.title,
                    headings=[],
                    score=shared / 100,
                    trace=wire.ScoresOut(
                        dense=0.5 + shared / 100,
                        lexical=float(shared),
                        fused=shared / 1000,
                        rerank=None,
                    ),
                )
                start += len(part) + 2
                if shared:
                    found.append(passage)
        return sorted(found, key=lambda p: -p.score)[:top_k]

    def emit(self, answer_id: str, name: str, data: dict[str, object]) -> None:
        self.events[answer_id].append((name, json.dumps(data, ensure_ascii=False, default=str)))


async def write_answer(house: House, answer: wire.MessageOut, question: str) -> None:
    base_ids = house.conversations[answer.conversation_id].base_ids
    house.emit(answer.id, "stage", {"stage": "searching", "passages": 0, "documents": 0})
    await asyncio.sleep(house.stage_s)
    none = any(word in question for word in NO_SOURCES)
    answer.passages = house.find(question, base_ids, 3 if none else 5)
    files = len({p.document_id for p in answer.passages})
    found = {"passages": len(answer.passages), "documents": files}
    house.emit(answer.id, "stage", {"stage": "reading", **found})
    shown = [p.model_dump(mode="json") for p in answer.passages]
    house.emit(answer.id, "sources", {"passages": shown})
    await asyncio.sleep(house.stage_s)
    if house.engine_down_since:
        answer.state = "failed"
        answer.error_detail = "The model engine does not answer."
        problem = wire.Problem(
            title="Engine down", status=503, detail=answer.error_detail, code="engine_down"
        )
        house.emit(answer.id, "error", problem.model_dump(mode="json"))
        return
    text = "这些资料里没有找到答案。" if none else ANSWERS[answer.variant % len(ANSWERS)]
    if "long" in question:
        text = "\n\n".join([text] * 30)
    if not none:
        house.emit(answer.id, "stage", {"stage": "writing", **found})
        for piece in [text[i : i + 3] for i in range(0, len(text), 3)]:
            answer.content += piece
            house.emit(answer.id, "delta", {"text": piece})
            await asyncio.sleep(house.delta_s)
    finish(house, answer, text, "no_sources" if none else "stop")


def finish(house: House, answer: wire.MessageOut, text: str, reason: str) -> None:
    answer.content = text
    answer.state = "stopped" if reason == "stopped" else "complete"
    answer.finish_reason = reason
    answer.model, answer.prompt_tokens, answer.completion_tokens = "stand-in-0.5b", 812, 164
    answer.timings_ms = {"retrieve": 8.4, "prompt": 3.0, "first_token": 412.0, "total": 5230.0}
    answer.citations = [
        wire.CitationOut(
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
    house.emit(answer.id, "done", {"message": answer.model_dump(mode="json")})


async def read_events(house: House, answer_id: str) -> AsyncIterator[str]:
    seen = 0
    while True:
        for name, data in house.events[answer_id][seen:]:
            seen += 1
            yield f"id: {seen}\nevent: {name}\ndata: {data}\n\n"
            if name in ("done", "error"):
                return
        yield ": ping\n\n"
        await asyncio.sleep(0.02)


def make_message(house: House, conversation_id: str, position: int, **more: object) -> str:
    message = wire.MessageOut.model_validate(
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
    house.messages[message.id] = message
    return message.id


def messages_of(house: House, conversation_id: str) -> list[wire.MessageOut]:
    mine = [m for m in house.messages.values() if m.conversation_id == conversation_id]
    return sorted(mine, key=lambda m: (m.position, m.variant))


def open_answer(house: House, body: wire.ChatIn) -> tuple[str, str]:
    """Question and answer messages for a request, both stored before anything is written."""
    if body.regenerate:
        old = house.messages[body.regenerate]
        same = [m for m in messages_of(house, old.conversation_id) if m.position == old.position]
        asked = [m for m in messages_of(house, old.conversation_id) if m.position < old.position]
        place = {
            "position": old.position,
            "variant": len(same),
            "role": "assistant",
            "state": "streaming",
        }
        return asked[-1].id, make_message(house, old.conversation_id, **place)  # type: ignore[arg-type]
    conversation = house.conversations.get(body.conversation_id or "")
    if conversation is None:
        conversation = wire.ConversationOut(
            id=new_id(),
            title=body.question[:30],
            created_at=now(),
            base_ids=body.base_ids,
            updated_at=now(),
        )
        house.conversations[conversation.id] = conversation
    conversation.base_ids, conversation.updated_at = body.base_ids, now()
    last = max((m.position for m in messages_of(house, conversation.id)), default=-1)
    asked_id = make_message(house, conversation.id, last + 1, content=body.question)
    answer_id = make_message(house, conversation.id, last + 2, role="assistant", state="streaming")
    return asked_id, answer_id


def build(house: House) -> FastAPI:
    from tests.ui.stand_in_routes import add_routes

    api = FastAPI()

    @api.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return JSONResponse(
            error.problem.model_dump(mode="json"),
            error.problem.status,
            media_type="application/problem+json",
        )

    add_routes(api, house)
    return api


def sample_house() -> House:
    house = House()
    base = house.add_base("示例知识库")
    for name, text in (("员工休假制度.md", LEAVE_RULES), ("Travel policy.md", TRAVEL_RULES)):
        house.add_document(base.id, name, text.encode(), "ready")
    return house
