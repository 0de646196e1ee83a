"""Conversations, answers and their sources."""

from typing import Literal, NotRequired, TypedDict

Rating = Literal["up", "down"]
Task = Literal["qa", "chat", "translate", "summarise"]


class Scores(TypedDict):
    dense: float | None
    lexical: float | None
    fused: float
    rerank: float | None


class PassagePart(TypedDict):
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
    parts: NotRequired[list[PassagePart]]
    locator: NotRequired[str | None]  # e.g. `sheet 薪资, rows 8–20`; missing from old answers


class Citation(TypedDict):
    marker: int
    chunk_id: int
    page: int | None
    start: int
    end: int
    text: str
    locator: NotRequired[str | None]


class Marker(TypedDict):
    start: int
    end: int
    numbers: list[int]


class Unsupported(TypedDict):
    start: int
    end: int
    reason: Literal["words", "number"]


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
    adapter: str


class Feedback(TypedDict):
    rating: Rating
    reason: str | None
    comment: str
    correction: str
    right_chunk_id: int | None


class Message(TypedDict):
    id: str
    conversation_id: str
    parent_id: NotRequired[str | None]
    position: int
    variant: int
    role: Literal["user", "assistant"]
    state: Literal["streaming", "complete", "stopped", "interrupted", "failed"]
    content: str
    thought: NotRequired[str]
    model: str | None
    served: NotRequired[Served | None]
    finish_reason: str | None
    error_code: str | None
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
    approved_id: NotRequired[str | None]  # a person's answer was given
    rewritten: NotRequired[str]  # the question as it was searched
    trace_id: str
    feedback: Feedback | None
    siblings: NotRequired[list[str]]  # of a question that was asked in other words, too


class ChatRequest(TypedDict, total=False):
    """A question or, with `regenerate` (an answer's id), another answer to its question.

    `parent_id`: the answer that it follows; `edit`: the question in whose place it is asked."""

    question: str
    base_ids: list[str]
    conversation_id: str | None
    parent_id: str
    edit: str
    regenerate: str
    model: str | None
    task: Task
    document_id: str
    thinking: bool | None


class Conversation(TypedDict):
    id: str
    title: str
    base_ids: list[str]
    model: NotRequired[str | None]
    pinned: NotRequired[bool]
    updated_at: str


class ConversationDetail(Conversation):
    messages: list[Message]
    attached_id: NotRequired[str | None]  # the base of its attached files


class ConversationList(TypedDict):
    items: list[Conversation]
    total: int
