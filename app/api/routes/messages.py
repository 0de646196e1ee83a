"""Reads, stops and replays a single message."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import COUNTED_ASKING, App, Asking
from app.api.routes.feedback import FeedbackOut, feedback_out
from app.api.wire import PassageOut, Wire
from app.db.tables import StoredFeedback, StoredMessage

router = APIRouter(prefix="/api", tags=["search and chat"])

Task = Literal["qa", "chat", "translate", "summarise"]


class CitationOut(Wire):
    marker: int
    chunk_id: int
    document_id: str
    document_name: str
    page: int | None
    start: int
    end: int
    text: str
    locator: str | None = None


class UnsupportedOut(Wire):
    """`content[start:end]` is a sentence without support in the sources; with reason `number`, only
    a number in it is missing."""

    start: int
    end: int
    reason: Literal["words", "number"]


class MarkerOut(Wire):
    """`content[start:end]` is brackets with the numbers of sources."""

    start: int
    end: int
    numbers: list[int]


class VerdictOut(Wire):
    """The verdict on `content[start:end]`, a sentence, a heading or a table cell. `sources` are the
    words that support it, that it is computed from, or that contradict it; for an unsupported one,
    the nearest words of the sources that the model named. `markers` are those the model wrote for
    it, `nowhere` the numbers in them that name no source."""

    start: int
    end: int
    verdict: Literal["supported", "computed", "unsupported", "contradicted", "no_statement"]
    kind: Literal["sentence", "heading", "cell"]
    reason: Literal["", "words", "number", "date", "name", "negation", "language"]
    sources: list[CitationOut]
    markers: list[MarkerOut]
    nowhere: list[int]


class ConflictOut(Wire):
    """Two sources make the same statement with different numbers."""

    marker: int
    text: str
    other_marker: int
    other_text: str


class TriedOut(Wire):
    engine: str
    reason: Literal["unavailable", "open", "busy", "rejected"]
    detail: str


class ServedOut(Wire):
    """The engine that wrote the answer, the `reason` for the first choice, and the engines `tried`
    before it. `adapter`: the trained adapter that it wrote with; empty for the bare model."""

    engine: str
    wanted: str
    reason: str
    tried: list[TriedOut]
    adapter: str = ""


class MessageOut(Wire):
    """`cached_from`: id of the earlier answer that was reused, if yours. `approved_id`: that
    of the approved answer that was given instead of a model's. `thought`: what the model thought
    before it answered; its tokens are among the completion's, `timings_ms.thinking` is its time."""

    id: str
    conversation_id: str
    parent_id: str | None = Field(
        None, description="Of an answer its question; of a question the answer that it followed"
    )
    position: int
    variant: int
    role: Literal["user", "assistant"]
    state: Literal["streaming", "complete", "stopped", "interrupted", "failed"]
    content: str
    thought: str = ""
    model: str | None
    served: ServedOut | None = None
    finish_reason: str | None
    error_code: str | None = Field(None, description="Why it failed, as of a refused request")
    error_detail: str | None
    passages: list[PassageOut]
    citations: list[CitationOut]
    confidence: float | None = None
    checks: list[VerdictOut] = Field([])
    unsupported: list[UnsupportedOut] = Field([])
    conflicts: list[ConflictOut] = Field([])
    prompt_tokens: int
    completion_tokens: int
    thought_tokens: int = 0
    timings_ms: dict[str, float]
    task: Task = "qa"
    prompt_id: str | None = None  # with its version, e.g. qa-5/answer
    cached_from: str | None = None
    approved_id: str | None = None
    rewritten: str = Field("", description="The question as it was searched, if not as asked")
    trace_id: str = ""  # of the request, as in logs and traces
    feedback: FeedbackOut | None
    created_at: datetime


class ReplayOut(Wire):
    """`before` is the stored answer, `after` the new one; `same` tells whether the model
    wrote identical text, `same_verdicts` whether its statements were judged alike. `notes` explain
    possible differences."""

    message_id: str
    same: bool
    same_verdicts: bool
    before: str
    after: str
    checks_before: list[VerdictOut]
    checks_after: list[VerdictOut]
    model: str
    recipe: dict[str, Any]
    notes: list[str]


def message_out(message: StoredMessage, feedback: StoredFeedback | None = None) -> MessageOut:
    fields = message.model_dump(include=set(MessageOut.model_fields))
    return MessageOut.model_validate(
        {
            **fields,
            "prompt_id": message.recipe.get("prompt"),
            "feedback": feedback_out(feedback) if feedback else None,
        }
    )


@router.get("/messages/{message_id}")
def read_message(message_id: str, access: Asking, app: App) -> MessageOut:
    """One question or answer."""
    view = app.conversations.message(access, message_id)
    return message_out(view.message, view.feedback)


@router.post("/messages/{message_id}/stop", status_code=202)
def stop_message(message_id: str, access: Asking, app: App) -> MessageOut:
    """Stop an answer; the text so far is kept. Does nothing if it is finished."""
    view = app.conversations.message(access, message_id)
    app.generations.stop(message_id)
    return message_out(view.message, view.feedback)


@router.post("/messages/{message_id}/replay", dependencies=COUNTED_ASKING)
async def replay_message(message_id: str, access: Asking, app: App) -> ReplayOut:
    """Replay an answer from its stored prompt and compare the two. Stores nothing."""
    made = await app.replay.run(access, message_id)
    return ReplayOut(
        message_id=message_id,
        same=made.same,
        same_verdicts=made.same_verdicts,
        before=made.answer.content,
        after=made.text,
        checks_before=[VerdictOut.model_validate(check) for check in made.answer.checks],
        checks_after=[VerdictOut.model_validate(asdict(check)) for check in made.checks],
        model=made.model,
        recipe=made.answer.recipe,
        notes=list(made.notes),
    )
