"""The parts of the API's JSON that the pages use. The full contract is the API's schemas."""

from typing import Literal, NotRequired, TypedDict

Rating = Literal["up", "down"]
Task = Literal["qa", "chat", "translate", "summarise"]
DocumentState = Literal["queued", "parsing", "embedding", "ready", "failed", "superseded"]


class Base(TypedDict):
    id: str
    name: str
    document_count: int
    ready_count: int
    failed_count: int


class Notice(TypedDict):
    """Something that was found in a file and left out."""

    code: str
    count: int
    detail: str


class Document(TypedDict):
    id: str
    base_id: str
    name: str
    path: str
    version: int
    size_bytes: int
    state: DocumentState
    done: int  # pages when parsing, chunks when embedding
    total: int
    jobs_before: int | None
    error_code: str | None
    error_detail: str | None
    page_count: int | None
    chunk_count: int
    notices: list[Notice]
    created_at: str


class DocumentList(TypedDict):
    items: list[Document]
    total: int


class Chunk(TypedDict):
    ordinal: int
    text: str
    start: int
    end: int
    page: int | None
    headings: list[str]


class Text(TypedDict):
    """Characters [start, end) of a document's stored text."""

    text: str
    start: int
    end: int
    total_chars: int


class Cell(TypedDict):
    row: int
    column: int
    row_span: int
    column_span: int
    text: str
    start: int
    role: Literal["column_head", "row_head", "none"]


class Table(TypedDict):
    """Its head, and the rows that lie in the part of the text that was asked for."""

    caption: str
    start: int
    end: int
    column_count: int
    cells: list[Cell]


class Box(TypedDict):
    """Shares of a page's width and height, from its upper left corner."""

    x0: float
    y0: float
    x1: float
    y1: float


class PageBoxes(TypedDict):
    """What a part of the text takes up on a page."""

    page: int
    boxes: list[Box]


class Scores(TypedDict):
    dense: float | None
    lexical: float | None
    fused: float
    rerank: float | None


class Part(TypedDict):
    chunk_id: int
    start: int
    end: int


class Passage(TypedDict):
    chunk_id: int
    document_id: str
    document_name: str
    ordinal: int
    text: str
    start: int
    end: int
    page: int | None
    headings: list[str]
    trace: Scores
    parts: NotRequired[list[Part]]
    locator: NotRequired[str | None]  # e.g. `sheet 薪资, rows 8–20`; missing from old answers


class Citation(TypedDict):
    marker: int
    chunk_id: int
    page: int | None
    start: int
    end: int
    text: str
    locator: NotRequired[str | None]


class Feedback(TypedDict):
    rating: Rating
    reason: str | None
    comment: str
    correction: str
    right_chunk_id: int | None


class FeedbackItem(Feedback):
    message_id: str
    conversation_id: str
    question: str
    answer: str
    updated_at: str


class FeedbackList(TypedDict):
    items: list[FeedbackItem]
    total: int


class Unsupported(TypedDict):
    start: int
    end: int
    reason: Literal["words", "number"]


class Marker(TypedDict):
    start: int
    end: int
    numbers: list[int]


class Check(TypedDict):
    """What is known of `content[start:end]`; with the words of the sources that it rests on."""

    start: int
    end: int
    verdict: Literal["supported", "computed", "unsupported", "contradicted", "no_statement"]
    kind: Literal["sentence", "heading", "cell"]
    reason: Literal["", "words", "number", "date", "name", "negation", "language"]
    sources: list[Citation]
    markers: list[Marker]


class Conflict(TypedDict):
    marker: int
    text: str
    other_marker: int
    other_text: str


class Tried(TypedDict):
    engine: str
    reason: Literal["unavailable", "open", "busy", "rejected"]
    detail: str


class Served(TypedDict):
    engine: str
    wanted: str
    reason: str
    tried: list[Tried]


class Message(TypedDict):
    id: str
    conversation_id: str
    position: int
    variant: int
    role: Literal["user", "assistant"]
    state: Literal["streaming", "complete", "stopped", "interrupted", "failed"]
    content: str
    model: str | None
    served: NotRequired[Served | None]
    finish_reason: str | None
    error_detail: str | None
    passages: list[Passage]
    citations: list[Citation]
    checks: NotRequired[list[Check]]
    unsupported: NotRequired[list[Unsupported]]
    conflicts: NotRequired[list[Conflict]]
    prompt_tokens: int
    completion_tokens: int
    timings_ms: dict[str, float]
    task: NotRequired[Task]
    prompt_id: NotRequired[str | None]
    cached_from: NotRequired[str | None]  # id of the answer that was reused
    trace_id: str
    feedback: Feedback | None


class ChatRequest(TypedDict, total=False):
    """A question or, with `regenerate` (an answer's id), another answer to its question."""

    question: str
    base_ids: list[str]
    conversation_id: str | None
    regenerate: str
    model: str | None
    task: Task
    document_id: str


class Conversation(TypedDict):
    id: str
    title: str
    base_ids: list[str]
    model: NotRequired[str | None]
    updated_at: str


class ConversationDetail(Conversation):
    messages: list[Message]


class ConversationList(TypedDict):
    items: list[Conversation]
    total: int


class LeftOut(TypedDict):
    message_id: str
    reason: str


class ExportReport(TypedDict):
    considered: int
    exported: int
    left_out: list[LeftOut]


class Model(TypedDict):
    name: str
    context_tokens: int
    ready: bool
    good_for: NotRequired[str]


class Component(TypedDict):
    name: str
    ok: bool
    detail: str
    since: str | None
    facts: NotRequired[dict[str, float]]


class Engine(TypedDict):
    name: str
    model: str
    address: str
    ok: bool
    ready: bool
    state: Literal["closed", "open", "half_open"]
    next_try_s: float
    failures: int
    last_error: str
    last_error_at: str | None
    running: int
    waiting: int
    max_running: int
    max_waiting: int
    context_tokens: int
    size: Literal["small", "large"]
    good_for: str
    price_in: float | None
    price_out: float | None
    since: str | None
    todo: str


class ToRead(TypedDict):
    """Documents of an earlier release that are to be read again."""

    waiting: int
    failed: int


class Status(TypedDict):
    version: str
    components: list[Component]
    queued_jobs: int
    to_read_again: NotRequired[ToRead]
    engines: NotRequired[list[Engine]]
    versions: NotRequired[dict[str, str]]


class EvalQuestion(TypedDict):
    id: str
    question: str
    document_ids: list[str]
    source_text: str
    answer: str
    origin: Literal["manual", "rating", "correction"]


class NewEvalQuestion(TypedDict):
    question: str
    document_ids: list[str]
    source_text: str
    answer: str


class EvalRecord(TypedDict):
    question: str
    gold: list[str]
    scores: dict[str, float]


class EvalResult(TypedDict, total=False):
    metrics: dict[str, float]
    records: list[EvalRecord]  # only when a single run is requested


class EvalRun(TypedDict):
    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    stage: str
    done: int
    total: int
    jobs_before: int | None
    started_at: str
    changes: dict[str, str]
    answers: bool
    error: str
    result: EvalResult


class Difference(TypedDict):
    metric: str
    before: float
    after: float
    mean: float
    low: float
    high: float


class Change(TypedDict):
    question: str
    before: float
    after: float


class Comparison(TypedDict):
    leading: str
    differences: list[Difference]
    better: list[Change]
    worse: list[Change]
