"""Evaluation questions and runs."""

from typing import Literal, TypedDict


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


class EvalDetails(TypedDict, total=False):
    """`rank` of the right source, 0 if it was not found; `answer` where answers were written."""

    rank: int
    answer: str
    refused: bool


class EvalRecord(TypedDict):
    """`gold`: the expected answers."""

    qid: str
    question: str
    gold: list[str]
    scores: dict[str, float]
    details: EvalDetails


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
    error_code: str | None
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
