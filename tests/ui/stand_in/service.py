"""A stand-in for the API, in memory: the wire contract without models, for tests of the interface.

It answers with the wire models of the API, so that it cannot drift from the contract unnoticed.
"""

import asyncio
import hashlib
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from app.api.routes.approved import ApprovedOut
from app.api.routes.bases import BaseOut
from app.api.routes.chat import ChatIn
from app.api.routes.conversations import ConversationOut
from app.api.routes.document_pages import PageBoxesOut
from app.api.routes.document_tables import TableOut
from app.api.routes.documents import ChunkOut, DocumentOut
from app.api.routes.evaluation import ComparisonOut, EvalQuestionOut, EvalRunOut
from app.api.routes.health import AdviceOut, EngineOut, HeldOut, ToReadOut
from app.api.routes.improving.adapters import AdapterOut, TakenBackOut, WatchedOut
from app.api.routes.improving.changes import AnswerChangesOut
from app.api.routes.improving.datasets import DataSetOut, StepOut
from app.api.routes.jobs import JobOut
from app.api.routes.messages import MessageOut, ServedOut
from app.api.wire import PassageOut, Problem, ScoresOut
from tests.ui.stand_in.operating import Operating
from tests.ui.stand_in.texts import LEAVE_RULES, TRAVEL_RULES

if TYPE_CHECKING:
    from tests.ui.stand_in.house import House

Thing = TypeVar("Thing")
_numbers = itertools.count(1)


def new_id() -> str:
    return f"{next(_numbers):024x}"


def now() -> datetime:
    return datetime.now(UTC)


class Refused(Exception):
    def __init__(self, status: int, code: str, detail: str, **facts: object) -> None:
        self.problem = Problem(title=code, status=status, detail=detail, code=code, **facts)


def found(things: dict[str, Thing], key: str) -> Thing:
    if key not in things:
        raise Refused(404, "not_found", "There is no such thing.")
    return things[key]


def changes_out(**told: object) -> AnswerChangesOut:
    """What the gate of a base found: nothing was recorded yet."""
    usual = {
        "job": None, "recording_id": None, "recorded_at": None, "accepted": False, "asked": None,
        "settings": [], "changed": [], "others_changed": 0, "others_worse": 0,
    }  # fmt: skip
    return AnswerChangesOut.model_validate({**usual, **told})


@dataclass
class Application:
    """All that the stand-in knows, and the knobs that tests turn."""

    bases: dict[str, BaseOut] = field(default_factory=dict)
    documents: dict[str, DocumentOut] = field(default_factory=dict)
    bytes_of: dict[str, bytes] = field(default_factory=dict)
    tables_of: dict[str, list[TableOut]] = field(default_factory=dict)
    boxes_of: dict[str, list[PageBoxesOut]] = field(default_factory=dict)  # whatever is asked for
    conversations: dict[str, ConversationOut] = field(default_factory=dict)
    messages: dict[str, MessageOut] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)  # questions that another one was chosen beside
    events: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    approved: dict[str, ApprovedOut] = field(default_factory=dict)
    questions: dict[str, EvalQuestionOut] = field(default_factory=dict)
    runs: list[EvalRunOut] = field(default_factory=list)  # newest first
    comparison: ComparisonOut | None = None
    datasets: list[DataSetOut] = field(default_factory=list)  # newest first, as the next three
    jobs: list[JobOut] = field(default_factory=list)  # of training and gate
    curve: list[StepOut] = field(default_factory=list)
    adapters: list[AdapterOut] = field(default_factory=list)
    changes: AnswerChangesOut = field(default_factory=changes_out)
    watched: list[WatchedOut] = field(default_factory=list)
    taken_back: list[TakenBackOut] = field(default_factory=list)
    held: list[HeldOut] = field(default_factory=list)
    closed_base: str = ""  # that the adapters were trained on
    report: str = ""  # of public sets
    full: bool = False  # the disk: no rating can be kept
    operating: Operating = field(default_factory=Operating)
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    asked: list[ChatIn] = field(default_factory=list)  # what came to /api/chat
    engine_down_since: datetime | None = None
    advice: list[AdviceOut] = field(default_factory=list)
    uncalibrated: str = ""  # an embedder without thresholds
    calibration_facts: dict[str, float] = field(default_factory=lambda: {"uncalibrated": 1.0})
    to_read_again: ToReadOut = field(default_factory=lambda: ToReadOut(waiting=0, failed=0))
    embedder_error: str = ""  # why it could not be loaded
    embedder_fails_by: Literal["failures", "unreachable"] = "failures"
    engines: list[EngineOut] = field(default_factory=list)  # where there are several
    served: ServedOut | None = None  # of the answers to come
    thought: str = ""  # before the answers to come, of a model with the switch
    only_thinks: bool = False  # until its limit
    healthy: bool = True
    house: "House | None" = None  # where a login is needed
    max_question_chars: int = 8000
    max_question_tokens: int = 8000  # a character is a token
    counts_to: int = 8000  # what it tells the interface
    stage_s: float = 0.0
    delta_s: float = 0.0
    ingest_s: float = 0.0
    jobs_before: int = 0  # of what is queued next

    def add_base(self, name: str) -> BaseOut:
        base = BaseOut(
            id=new_id(),
            name=name,
            description="",
            owner="li",
            own=True,
            role="owner",
            embedder="stand-in",
            document_count=0,
            ready_count=0,
            failed_count=0,
            chunk_count=0,
            created_at=now(),
        )
        self.bases[base.id] = base
        return base

    def add_document(
        self, base_id: str, name: str, data: bytes, state: str, error_code: str = "encrypted"
    ) -> DocumentOut:
        ready = state == "ready"
        failed = state == "failed"
        document = DocumentOut.model_validate(
            {
                "id": new_id(),
                "base_id": base_id,
                "name": name,
                "path": name,
                "version": 1,
                "media_type": "text/markdown",
                "size_bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "state": state,
                "done": 3 if state == "parsing" else 0,
                "total": 12 if state == "parsing" else 0,
                "jobs_before": self.jobs_before if state == "queued" else None,
                "error_code": error_code if failed else None,
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

    def counted(self, base: BaseOut) -> BaseOut:
        states = [d.state for d in self.documents.values() if d.base_id == base.id]
        base.document_count = len(states)
        base.ready_count = states.count("ready")
        base.failed_count = states.count("failed")
        return base

    def text(self, document_id: str) -> str:
        return self.bytes_of[document_id].decode("utf-8", "replace")

    def chunks(self, document_id: str) -> list[ChunkOut]:
        """A chunk a line."""
        found, start = [], 0
        for line in self.text(document_id).splitlines(keepends=True):
            fields = {"id": len(found), "document_id": document_id, "ordinal": len(found)}
            place = {"start": start, "end": start + len(line), "page": 1, "headings": ["第一章"]}
            found.append(ChunkOut.model_validate({**fields, **place, "text": line}))
            start += len(line)
        return found

    def find(self, query: str, base_ids: list[str], top_k: int) -> list[PassageOut]:
        """Paragraphs that share most characters with the query; good enough to be shown."""
        found: list[PassageOut] = []
        for document in self.documents.values():
            if document.base_id not in base_ids or document.state != "ready":
                continue
            start = 0
            for ordinal, part in enumerate(self.text(document.id).split("\n\n")):
                shared = len(set(query.lower()) & set(part.lower()) - set(" ，。？?的"))
                passage = PassageOut(
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
                    trace=ScoresOut(
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


def build(application: Application) -> FastAPI:
    from tests.ui.stand_in.routes import add_routes

    api = FastAPI()

    @api.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return JSONResponse(
            error.problem.model_dump(mode="json"),
            error.problem.status,
            media_type="application/problem+json",
        )

    add_routes(api, application)
    return api


def sample_application() -> Application:
    application = Application()
    base = application.add_base("示例知识库")
    for name, text in (("员工休假制度.md", LEAVE_RULES), ("Travel policy.md", TRAVEL_RULES)):
        application.add_document(base.id, name, text.encode(), "ready")
    return application
