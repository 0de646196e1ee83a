"""The routes of the stand-in."""

import asyncio

from fastapi import FastAPI, UploadFile
from fastapi.responses import Response, StreamingResponse

from app.api.routes.bases import BaseCreate, BaseOut, BaseUpdate
from app.api.routes.chat import ChatIn
from app.api.routes.document_pages import PageBoxesOut
from app.api.routes.document_tables import TableOut
from app.api.routes.documents import (
    ChunkOut,
    DocumentList,
    DocumentOrder,
    DocumentOut,
    MoveIn,
    TextOut,
)
from app.api.routes.health import ComponentOut, ModelOut, StatusOut
from app.api.routes.messages import MessageOut
from app.api.routes.search import SearchIn, SearchOut
from app.services.library.bases import ATTACHED_FOR
from tests.ui.stand_in import answers
from tests.ui.stand_in.conversations import add_conversation_routes
from tests.ui.stand_in.evaluation import add_evaluation_routes
from tests.ui.stand_in.feedback import add_approved_routes, add_feedback_routes
from tests.ui.stand_in.improvement import add_improvement_routes
from tests.ui.stand_in.operating import add_operating_routes
from tests.ui.stand_in.people import add_people_routes
from tests.ui.stand_in.service import Application, Refused, found, new_id


def add_routes(api: FastAPI, application: Application) -> None:
    add_base_routes(api, application)
    add_document_routes(api, application)
    add_single_document_routes(api, application)
    add_chat_routes(api, application)
    add_conversation_routes(api, application)
    add_search_route(api, application)
    add_feedback_routes(api, application)
    add_approved_routes(api, application)
    add_evaluation_routes(api, application)
    add_people_routes(api, application)
    add_improvement_routes(api, application)
    add_operating_routes(api, application.operating)

    @api.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @api.get("/api/models")
    async def models() -> list[ModelOut]:
        ready = application.engine_down_since is None
        several = [
            ModelOut(
                name=e.name,
                context_tokens=4096,
                ready=e.ok,
                good_for=e.good_for,
                thinking=e.thinking,
                thinks_by_default=e.thinks_by_default,
            )
            for e in application.engines
        ]
        only = ModelOut(name="stand-in-0.5b", context_tokens=4096, ready=ready)
        only.max_question_characters = application.counts_to
        only.max_question_tokens = application.max_question_tokens
        only.thinking = "template" if application.thought else "no"
        return several or [only]

    @api.get("/api/status")
    async def status() -> StatusOut:
        since = application.engine_down_since
        parts = [ComponentOut(name=name, ok=True, detail="") for name in ("database", "worker")]
        failures = {application.embedder_fails_by: 3.0} if application.embedder_error else {}
        facts = application.calibration_facts if application.uncalibrated else failures
        parts.append(
            ComponentOut(
                name="embedder",
                ok=not failures,
                detail=application.embedder_error or application.uncalibrated,
                since=since,
                facts=facts,
            )
        )
        parts.append(
            ComponentOut(name="disk", ok=True, detail="43.9 GB free", facts={"free_gb": 43.9})
        )
        engine = ComponentOut(
            name="engine",
            ok=since is None,
            detail="connection refused" if since else "",
            since=since,
        )
        return StatusOut(
            version="0.1.0",
            components=[engine, *parts],
            queued_jobs=0,
            to_read_again=application.to_read_again,
            engines=application.engines,
            advice=application.advice,
            versions={"python": "3.11.9"},
            taken_back=application.taken_back,
            held=application.held,
        )


def add_base_routes(api: FastAPI, application: Application) -> None:
    @api.get("/api/bases")
    async def bases() -> list[BaseOut]:
        bases = application.bases.values()
        return [application.counted(base) for base in bases if base.expires_at is None]

    def refuse_taken(name: str | None) -> None:
        if any(base.name == name for base in application.bases.values()):
            raise Refused(409, "duplicate_name", f"There is already a base named {name}.")

    @api.post("/api/bases", status_code=201)
    async def create(body: BaseCreate) -> BaseOut:
        refuse_taken(body.name)
        return application.add_base(body.name)

    @api.post("/api/bases/attached", status_code=201)
    async def attach() -> BaseOut:
        base = application.add_base(new_id())
        base.expires_at = base.created_at + ATTACHED_FOR
        return base

    @api.get("/api/bases/{key}")
    async def one(key: str) -> BaseOut:
        return application.counted(found(application.bases, key))

    @api.patch("/api/bases/{key}")
    async def update(key: str, body: BaseUpdate) -> BaseOut:
        base = found(application.bases, key)
        refuse_taken(body.name)
        base.name = body.name or base.name
        return application.counted(base)

    @api.delete("/api/bases/{key}", status_code=204)
    async def delete(key: str) -> None:
        application.bases.pop(found(application.bases, key).id)


def add_document_routes(api: FastAPI, application: Application) -> None:
    @api.get("/api/bases/{key}/documents")
    async def documents(
        key: str,
        limit: int = 50,
        offset: int = 0,
        q: str = "",
        state: str = "",
        sort: DocumentOrder = "newest",
    ) -> DocumentList:
        mine = [
            d
            for d in reversed(list(application.documents.values()))
            if d.base_id == key and q.lower() in d.name.lower() and state in ("", d.state)
        ]
        if sort == "oldest":
            mine.reverse()
        elif sort == "name":
            mine.sort(key=lambda d: d.path.lower())
        elif sort == "largest":
            mine.sort(key=lambda d: -d.size_bytes)
        return DocumentList(items=mine[offset : offset + limit], total=len(mine))

    @api.post("/api/bases/{key}/documents", status_code=202)
    async def upload(key: str, file: UploadFile, response: Response, path: str = "") -> DocumentOut:
        data = await file.read()
        name = path or file.filename or "file"
        if not data:
            raise Refused(422, "empty", "The file is empty.")
        if name.endswith(".exe"):
            raise Refused(415, "unsupported_format", "This kind of file cannot be read.")
        for known in application.documents.values():
            if known.base_id == key and application.bytes_of[known.id] == data:
                response.status_code = 200
                return known
        document = application.add_document(found(application.bases, key).id, name, data, "queued")
        asyncio.get_running_loop().create_task(ingest(application, document))
        return document


def add_single_document_routes(api: FastAPI, application: Application) -> None:
    @api.get("/api/documents/{key}")
    async def document(key: str) -> DocumentOut:
        return found(application.documents, key)

    @api.get("/api/documents/{key}/versions")
    async def versions(key: str) -> list[DocumentOut]:
        mine = found(application.documents, key)
        same = [d for d in application.documents.values() if d.path == mine.path]
        return sorted(same, key=lambda d: -d.version)

    @api.get("/api/documents/{key}/chunks")
    async def chunks(key: str, limit: int = 100, offset: int = 0) -> list[ChunkOut]:
        return application.chunks(found(application.documents, key).id)[offset : offset + limit]

    @api.delete("/api/documents/{key}", status_code=204)
    async def delete(key: str) -> None:
        application.documents.pop(found(application.documents, key).id)

    @api.post("/api/documents/{key}/retry", status_code=202)
    async def retry(key: str) -> DocumentOut:
        document = found(application.documents, key)
        document.state, document.error_detail = "queued", None
        asyncio.get_running_loop().create_task(ingest(application, document))
        return document

    @api.post("/api/documents/{key}/move", status_code=202)
    async def move(key: str, body: MoveIn) -> DocumentOut:
        document = found(application.documents, key)
        there = found(application.bases, body.base_id).id
        data = application.bytes_of[key]
        if not body.keep:
            application.documents.pop(key)
        return application.add_document(there, document.name, data, "ready")

    @api.get("/api/documents/{key}/text")
    async def text(key: str, start: int = 0, end: int | None = None) -> TextOut:
        whole = application.text(found(application.documents, key).id)
        stop = min(len(whole), start + 20_000 if end is None else end)
        return TextOut(
            document_id=key,
            name=application.documents[key].name,
            text=whole[start:stop],
            start=start,
            end=stop,
            total_chars=len(whole),
            pages=[],
        )

    @api.get("/api/documents/{key}/tables")
    async def tables(key: str, start: int = 0, end: int | None = None) -> list[TableOut]:
        return application.tables_of.get(found(application.documents, key).id, [])

    @api.get("/api/documents/{key}/boxes")
    async def boxes(key: str, start: int, end: int) -> list[PageBoxesOut]:
        if found(application.documents, key).id not in application.boxes_of:
            raise Refused(409, "no_pages", "The document has no pages.")
        return application.boxes_of[key]

    @api.get("/api/documents/{key}/file")
    async def file(key: str) -> Response:
        return Response(application.bytes_of[found(application.documents, key).id])


async def ingest(application: Application, document: DocumentOut) -> None:
    await asyncio.sleep(application.ingest_s)
    document.state, document.total, document.jobs_before = "parsing", 4, None
    for document.done in range(1, 5):
        await asyncio.sleep(application.ingest_s / 2)
    document.state, document.done, document.total = "embedding", 0, 6
    for document.done in range(1, 7):
        await asyncio.sleep(application.ingest_s / 2)
    document.state, document.page_count, document.chunk_count = "ready", 4, 6
    if "locked" in document.name:
        document.state, document.error_code = "failed", "encrypted"
        document.error_detail = "The PDF is protected by a password."


def add_chat_routes(api: FastAPI, application: Application) -> None:
    @api.post("/api/chat")
    async def chat(body: ChatIn) -> StreamingResponse:
        size = len(body.question)
        for unit, most in (
            ("characters", application.max_question_chars),
            ("tokens", application.max_question_tokens),
        ):
            if size > most:
                detail = f"The question has {size} {unit}; {most} are the limit."
                facts = {unit: size, f"max_{unit}": most}
                raise Refused(413, "question_too_long", detail, **facts)
        application.asked.append(body)
        asked_id, answer_id = answers.open_answer(application, body)
        answer, asked = application.messages[answer_id], application.messages[asked_id]
        application.events[answer_id] = []
        started: dict[str, object] = {
            "conversation": application.conversations[answer.conversation_id].model_dump(
                mode="json"
            ),
            "question": asked.model_dump(mode="json"),
            "answer_id": answer_id,
        }
        application.emit(answer_id, "start", started)
        work = answers.write_answer(application, answer, asked.content)
        application.running[answer_id] = asyncio.get_running_loop().create_task(work)
        events = answers.read_events(application, answer_id)
        return StreamingResponse(events, media_type="text/event-stream")

    @api.get("/api/messages/{key}/events")
    async def events(key: str) -> StreamingResponse:
        found(application.messages, key)
        return StreamingResponse(
            answers.read_events(application, key), media_type="text/event-stream"
        )

    @api.post("/api/messages/{key}/stop", status_code=202)
    async def stop(key: str) -> None:
        answer = found(application.messages, key)
        if answer.state == "streaming":
            application.running[key].cancel()
            answers.finish(application, answer, answer.content, "stopped")

    @api.get("/api/messages/{key}")
    async def message(key: str) -> MessageOut:
        return found(application.messages, key)


def add_search_route(api: FastAPI, application: Application) -> None:
    @api.post("/api/search")
    async def search(body: SearchIn) -> SearchOut:
        passages = application.find(body.query, body.base_ids, body.top_k)
        return SearchOut(passages=passages, timings_ms={"total": 3.0})
