"""Data sets, trainings, adapters."""

from typing import Any, Literal, NotRequired, TypedDict

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
    error_code: str | None
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


ChangeVerdict = Literal["worse", "better", "other"]


class ChangedAnswer(TypedDict):
    """Without and with an adapter. Verdicts of older gates have no `document` and `verdict`."""

    question: str
    target: str
    base: str
    tuned: str
    document: NotRequired[str]
    verdict: NotRequired[ChangeVerdict]


class GateVerdict(TypedDict):
    passed: bool
    reasons: list[GateReason]
    figures: dict[str, Figure]
    changed: list[ChangedAnswer]


Metric = Literal["rated_down", "refused", "unsupported", "slow"]


class Tally(TypedDict):
    """Conversations, and how many of them are bad."""

    bad: int
    of: int


class Measure(TypedDict):
    before: Tally
    after: Tally
    evidence: float


class Watched(TypedDict):
    """`before` is empty for the bare model."""

    alias: Literal["champion", "challenger"]
    name: str
    before: str
    share: int
    shadow: bool
    since: str
    measures: dict[Metric, Measure]


class Guarded(Measure):
    metric: Metric


class TakenBack(TypedDict):
    alias: Literal["champion", "challenger"]
    guard: Guarded
    at: str


class Canary(TypedDict):
    watched: list[Watched]
    taken_back: list[TakenBack]
    rated_for_5_points: int


class Adapter(TypedDict):
    name: str
    base_model: str
    dataset_name: str
    aliases: list[Literal["champion", "challenger"]]
    verdict: GateVerdict | None
    curve: list[Step]
    created_at: str


class NamedSource(TypedDict):
    """`name` is empty where the document was removed."""

    id: str
    name: str


class SideBySide(TypedDict):
    """A question whose answer changed."""

    question: str
    expected: str
    before: str
    after: str
    sources_before: list[NamedSource]
    sources_after: list[NamedSource]
    verdict: ChangeVerdict
    reasons: list[str]


class ChangedSetting(TypedDict):
    name: str
    before: Any
    after: Any


class RecordingJob(TypedDict):
    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    done: int
    total: int
    error_code: str | None
    error_detail: str | None
    updated_at: str


class Changes(TypedDict):
    """The newest answers to a base's own questions beside the accepted ones; `asked` is None where
    there are no two."""

    job: RecordingJob | None
    recording_id: str | None
    recorded_at: str | None
    accepted: bool
    asked: int | None
    settings: list[ChangedSetting]
    changed: list[SideBySide]
    others_changed: int
    others_worse: int
