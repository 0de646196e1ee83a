"""Figures, gaps, check-ups, settings."""

from typing import Literal, TypedDict


class Counts(TypedDict):
    """Questions to documents, and ratings."""

    asked: int
    not_found: int
    failed: int
    up: int
    down: int


class Day(Counts):
    day: str


class BaseFigures(TypedDict):
    base_id: str
    name: str
    counts: Counts
    last_asked_at: str | None


class CitedDocument(TypedDict):
    document_id: str
    name: str
    base_id: str
    answers: int


class Figures(TypedDict):
    """`whole`: `total` and `days` are of all bases of the installation."""

    whole: bool
    total: Counts
    days: list[Day]  # oldest first
    bases: list[BaseFigures]
    documents: list[CitedDocument]


class Gap(TypedDict):
    """A question without an answer. `answered`: an approved one is given now."""

    id: str
    question: str
    times: int
    people: int
    base_ids: list[str]
    last_asked_on: str
    answered: bool


class Gaps(TypedDict):
    gaps: list[Gap]
    not_shown: int


class Place(TypedDict):
    document_id: str
    name: str
    ordinal: int
    text: str


FindingKind = Literal[
    "contradiction", "superseded", "same_content", "near_same", "not_findable", "unused"
]


class Finding(TypedDict):
    """`places`: the first is the one to do something about."""

    key: str
    kind: FindingKind
    places: list[Place]
    facts: dict[str, int]


class CheckUpJob(TypedDict):
    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    stage: str
    done: int
    total: int
    error_code: str | None
    error_detail: str | None


class CheckUp(TypedDict):
    """The newest job, and what the last one found that ended."""

    job: CheckUpJob | None
    found_at: str | None
    findings: list[Finding]
    ignored: int
    more: dict[FindingKind, int]
    left_out: list[str]
    documents: int
    sections: int
