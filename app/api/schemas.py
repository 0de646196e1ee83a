"""What is on the wire. The interface and the shell read these shapes and nothing else."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

DocumentState = Literal["queued", "parsing", "embedding", "ready", "failed", "superseded"]
BaseName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Rating = Literal["up", "down"]
Task = Literal["qa", "chat", "translate", "summarise"]
Reason = Literal["wrong", "not_in_sources", "source_missing", "out_of_date", "badly_written"]


class Wire(BaseModel):
    """Requests refuse unknown fields, so that a typing error is not silently ignored."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


# Knowledge bases ---------------------------------------------------------------------------


class BaseCreate(Wire):
    name: BaseName
    description: str = Field("", max_length=2000)


class BaseUpdate(Wire):
    name: BaseName | None = None
    description: str | None = Field(None, max_length=2000)


class BaseOut(Wire):
    id: str
    name: str
    description: str
    embedder: str
    document_count: int
    ready_count: int
    failed_count: int
    chunk_count: int
    created_at: datetime


# Documents and jobs ------------------------------------------------------------------------


class DocumentOut(Wire):
    id: str
    base_id: str
    name: str
    path: str  # where it lies in its folder; the name where it came alone
    version: int  # counted from 1; a newer one that is ready makes the older ones superseded
    media_type: str
    size_bytes: int
    sha256: str
    state: DocumentState
    done: int  # of the present stage: pages when parsing, chunks when embedding
    total: int
    error_code: str | None
    error_detail: str | None
    title: str
    page_count: int | None
    chunk_count: int
    created_at: datetime
    updated_at: datetime


class DocumentList(Wire):
    items: list[DocumentOut]
    total: int


class FileIn(Wire):
    path: str = Field(min_length=1, max_length=2000)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class KnownIn(Wire):
    files: list[FileIn] = Field(max_length=5000)


class KnownOut(Wire):
    """Aligned with what was asked; null where the file is to be uploaded."""

    documents: list[DocumentOut | None]


class JobOut(Wire):
    id: str
    document_id: str
    state: Literal["queued", "running", "done", "failed"]
    stage: str
    done: int
    total: int
    attempts: int
    created_at: datetime
    updated_at: datetime


class PageOut(Wire):
    page: int
    start: int
    end: int


class TextOut(Wire):
    """A part of a document's stored text; `start` is the offset of its first character."""

    document_id: str
    name: str
    text: str
    start: int
    end: int
    total_chars: int
    pages: list[PageOut]


class ChunkOut(Wire):
    id: int
    document_id: str
    ordinal: int
    text: str
    start: int
    end: int
    page: int | None
    headings: list[str]
    locator: str | None = None  # where a page does not say it: `sheet 薪资, rows 8–20`


# Search and answers ------------------------------------------------------------------------


class ScoresOut(Wire):
    dense: float | None
    lexical: float | None
    fused: float
    rerank: float | None


class PartOut(Wire):
    """A chunk inside a passage, or what of it stands on one page."""

    chunk_id: int
    start: int
    end: int
    page: int | None
    locator: str | None = None


class PassageOut(Wire):
    chunk_id: int
    document_id: str
    document_name: str
    base_id: str
    ordinal: int
    text: str
    start: int
    end: int
    page: int | None
    title: str
    headings: list[str]
    score: float
    trace: ScoresOut
    locator: str | None = None
    parts: list[PartOut] = []


class SearchIn(Wire):
    query: str = Field(min_length=1)
    base_ids: list[str] = Field(min_length=1)
    top_k: int = Field(6, ge=1, le=50)


class SearchOut(Wire):
    passages: list[PassageOut]
    timings_ms: dict[str, float]


class ChatIn(Wire):
    """A question, or with `regenerate` another answer to the question before that message."""

    question: str = ""
    base_ids: list[str] = Field(default_factory=list, description="Needed by task `qa` only")
    conversation_id: str | None = None
    task: Task = "qa"
    document_id: str = Field("", description="What task `summarise` reads")
    fresh: bool = Field(False, description="Don't give an earlier answer again")
    regenerate: str | None = Field(None, description="Id of the answer to be written anew")
    model: str | None = Field(
        None, description="An engine's name or auto; kept for the conversation"
    )


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


class FeedbackIn(Wire):
    rating: Rating
    reason: Reason | None = None
    comment: str = Field("", max_length=10_000)
    correction: str = Field("", max_length=50_000)
    right_chunk_id: int | None = None


class FeedbackOut(FeedbackIn):
    message_id: str
    trace_id: str = ""  # of the judged answer
    created_at: datetime
    updated_at: datetime


class UnsupportedOut(Wire):
    """`content[start:end]` is a sentence that no source holds; with reason `number` only a number
    in it is missing from them."""

    start: int
    end: int
    reason: Literal["words", "number"]


class ConflictOut(Wire):
    """Two sources say the same with other numbers."""

    marker: int
    text: str
    other_marker: int
    other_text: str


class TriedOut(Wire):
    engine: str
    reason: Literal["unavailable", "open", "busy", "rejected"]
    detail: str


class ServedOut(Wire):
    """Which engine wrote the answer; `reason` says why it was chosen, `tried` which ones before it
    did not answer."""

    engine: str
    wanted: str
    reason: str
    tried: list[TriedOut]


class MessageOut(Wire):
    """`cached_from`: the earlier answer that this one repeats."""

    id: str
    conversation_id: str
    position: int
    variant: int
    role: Literal["user", "assistant"]
    state: Literal["streaming", "complete", "stopped", "interrupted", "failed"]
    content: str
    model: str | None
    served: ServedOut | None = None
    finish_reason: str | None
    error_detail: str | None
    passages: list[PassageOut]
    citations: list[CitationOut]
    confidence: float | None = None
    unsupported: list[UnsupportedOut] = []
    conflicts: list[ConflictOut] = []
    prompt_tokens: int
    completion_tokens: int
    timings_ms: dict[str, float]
    task: Task = "qa"
    prompt_id: str | None = None  # with its version, e.g. qa-5/answer
    cached_from: str | None = None
    trace_id: str = ""  # of the request that asked for it; in logs and traces too
    feedback: FeedbackOut | None
    created_at: datetime


class ReplayOut(Wire):
    """`before` is the stored answer, `after` the new one; `same` compares what the model wrote,
    letter by letter. `notes` say why the two may differ."""

    message_id: str
    same: bool
    before: str
    after: str
    model: str
    recipe: dict[str, Any]
    notes: list[str]


class ConversationOut(Wire):
    id: str
    title: str
    base_ids: list[str]
    model: str | None = None  # an engine's name or `auto`
    created_at: datetime
    updated_at: datetime


class ConversationDetail(ConversationOut):
    """Messages in order; of a regenerated answer all variants, the newest last."""

    messages: list[MessageOut]


class ConversationUpdate(Wire):
    title: str | None = Field(None, min_length=1, max_length=200)
    base_ids: list[str] | None = None


class ConversationList(Wire):
    items: list[ConversationOut]
    total: int


# Judgements and export ---------------------------------------------------------------------


class FeedbackItem(FeedbackOut):
    conversation_id: str
    question: str
    answer: str


class FeedbackList(Wire):
    items: list[FeedbackItem]
    total: int


class LeftOut(Wire):
    message_id: str
    reason: str


class ExportReport(Wire):
    format: str
    considered: int
    exported: int
    left_out: list[LeftOut]


# State of the house ------------------------------------------------------------------------


class ModelOut(Wire):
    name: str
    context_tokens: int
    ready: bool
    size: Literal["small", "large"] = "large"
    good_for: str = ""
    only_by_name: bool = False


class EngineOut(Wire):
    """One engine. `ok`: it answers and its breaker is not open. Prices per million tokens."""

    name: str
    model: str  # as the server calls it
    address: str
    ok: bool
    ready: bool
    state: Literal["closed", "open", "half_open"]  # of its breaker
    next_try_s: float  # until an open breaker lets a request through
    failures: int  # in a row
    last_error: str
    last_error_at: datetime | None
    running: int
    waiting: int
    max_running: int
    max_waiting: int
    context_tokens: int
    size: Literal["small", "large"]
    good_for: str
    price_in: float | None
    price_out: float | None
    since: datetime | None  # when it went down
    todo: str  # what to do where it is not ok


class ComponentOut(Wire):
    name: str  # database, engine, embedder, worker, disk, indexes
    ok: bool
    detail: str
    since: datetime | None = None
    facts: dict[str, float] = {}  # the numbers of `detail`: disk has `free_gb`


class FindingOut(Wire):
    what: str
    detail: str
    repaired: bool


class CheckOut(Wire):
    """What follows from the database, compared with it: at the last start, and now."""

    at_start: list[FindingOut]
    now: list[FindingOut]


class StatusOut(Wire):
    version: str
    components: list[ComponentOut]
    queued_jobs: int
    engines: list[EngineOut] = []
    versions: dict[str, str] = {}  # of Zhiwen, Python, and what answers depend on


class Problem(BaseModel):
    """application/problem+json, RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | None = None
    code: str
    errors: list[dict[str, Any]] | None = None


# Evaluation --------------------------------------------------------------------------------


class EvalQuestionCreate(Wire):
    """At least one of `document_ids` and `answer`."""

    question: str = Field(min_length=1, max_length=8000)
    document_ids: list[str] = Field(default_factory=list, max_length=20)
    source_text: str = Field("", max_length=20_000)
    answer: str = Field("", max_length=20_000)


class EvalQuestionOut(Wire):
    model_config = ConfigDict(extra="ignore", from_attributes=True)

    id: str
    base_id: str
    question: str
    document_ids: list[str]
    source_text: str
    answer: str
    origin: Literal["manual", "rating", "correction"]
    created_at: datetime


class Collected(Wire):
    added: int


class EvalRunCreate(Wire):
    """`changes`: settings by name, as they would stand in the environment."""

    changes: dict[str, str] = Field(default_factory=dict, max_length=20)
    answers: bool = False


class EvalRunOut(Wire):
    """`result` holds the metrics, and of a single run every question."""

    id: str
    state: Literal["running", "done", "failed"]
    started_at: datetime
    changes: dict[str, str]
    answers: bool
    error: str
    result: dict[str, Any]


class DifferenceOut(Wire):
    """Means over the questions that both runs asked; `low` to `high` is the 95 % interval."""

    metric: str
    before: float
    after: float
    mean: float
    low: float
    high: float
    questions: int


class ChangeOut(Wire):
    question: str
    before: float
    after: float


class ComparisonOut(Wire):
    leading: str  # the metric that better and worse are judged by
    differences: list[DifferenceOut]
    better: list[ChangeOut]
    worse: list[ChangeOut]
