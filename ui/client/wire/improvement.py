"""Data sets, trainings, adapters."""

from typing import Literal, TypedDict

Method = Literal["sft", "dpo", "kto"]


class Split(TypedDict):
    train: int
    held_out: int


class DataSet(TypedDict):
    name: str
    method: Method
    rows: Split
    documents: Split
    left_out: dict[str, int]
    created_at: str


class Step(TypedDict):
    step: int
    steps: int
    loss: float
    seconds_left: int | None


class WorkerJob(TypedDict):
    """A training, or a gate."""

    id: str
    kind: Literal["train", "gate"]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    stage: str
    done: int
    total: int
    error_detail: str | None


class GateReason(TypedDict):
    code: str
    text: str


class Figure(TypedDict):
    base: float
    tuned: float
    low: float
    high: float
    questions: int


class ChangedAnswer(TypedDict):
    question: str
    target: str
    base: str
    tuned: str
    by: float


class GateVerdict(TypedDict):
    passed: bool
    reasons: list[GateReason]
    figures: dict[str, Figure]
    changed: list[ChangedAnswer]


class Adapter(TypedDict):
    name: str
    base_model: str
    dataset_name: str
    aliases: list[Literal["champion", "challenger"]]
    verdict: GateVerdict | None
    curve: list[Step]
    created_at: str
