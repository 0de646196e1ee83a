"""Rated answers, and the reasons to exclude them from training files."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, get_args

from app.llm.messages import Message
from app.tuning.errors import SelectionInvalid

Format = Literal["messages", "sharegpt", "alpaca", "dpo", "kto"]
FORMATS: tuple[Format, ...] = get_args(Format)

Rating = Literal["up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedAnswer:
    """An answer with its prompt and its rating.

    `prompt` is the served prompt, byte for byte: system, earlier turns, question with its sources,
    without a given beginning of the answer. `answer` is the shown text, `raw_output` the model's;
    they differ where the extractive reader composed the answer. `supported`: the sources hold
    everything that the answer states. Answers of the same `question_id` are variants of each
    other. Times have a zone.
    """

    message_id: str
    question_id: str
    base_ids: tuple[str, ...]
    prompt: tuple[Message, ...]
    answer: str
    raw_output: str
    rating: Rating | None
    created_at: datetime
    rated_at: datetime
    state: str = "complete"  # complete, stopped, interrupted, failed, streaming
    finish_reason: str | None = None  # "length" if the answer reached its limit
    reason: str | None = None
    comment: str = ""
    correction: str = ""
    model: str | None = None
    supported: bool = False

    @property
    def finished(self) -> bool:
        """Whether the model ended the answer itself."""
        return self.state == "complete" and self.finish_reason != "length"


class Exclusion(StrEnum):
    """Why a rated answer yields no row. The value is the code; `words` is the explanation."""

    NOT_RATED = "not_rated"
    NO_PROMPT = "no_prompt"
    UNUSABLE_PROMPT = "unusable_prompt"
    TURNS_NOT_ALTERNATING = "turns_not_alternating"
    UNWRITABLE = "unwritable"
    EMPTY = "empty"
    INTERRUPTED = "interrupted"
    UNSUPPORTED = "unsupported"
    DOWN_WITHOUT_CORRECTION = "down_without_correction"
    CORRECTION_EQUALS_ANSWER = "correction_equals_answer"
    NOTHING_TO_COMPARE = "nothing_to_compare"
    OTHER_PROMPT = "other_prompt"
    CONTRADICTED = "contradicted"
    DUPLICATE = "duplicate"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS: dict[Exclusion, str] = {
    Exclusion.NOT_RATED: "Not rated.",
    Exclusion.NO_PROMPT: "The prompt was not saved.",
    Exclusion.UNUSABLE_PROMPT: "The prompt does not end with a question.",
    Exclusion.TURNS_NOT_ALTERNATING: ("Earlier turns do not alternate, as this format requires."),
    Exclusion.UNWRITABLE: "Contains characters that UTF-8 cannot encode.",
    Exclusion.EMPTY: "The answer is empty.",
    Exclusion.INTERRUPTED: "The answer is incomplete.",
    Exclusion.UNSUPPORTED: "Rated up, but the sources do not support all of it.",
    Exclusion.DOWN_WITHOUT_CORRECTION: "Rated down, without a correction.",
    Exclusion.CORRECTION_EQUALS_ANSWER: "The correction is identical to the answer.",
    Exclusion.NOTHING_TO_COMPARE: "No correction, and no variant with the opposite rating.",
    Exclusion.OTHER_PROMPT: "Its variants have different prompts and cannot be compared.",
    Exclusion.CONTRADICTED: "The same text for the same prompt was rated both up and down.",
    Exclusion.DUPLICATE: "An earlier answer yields the same row.",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    message_id: str
    reason: Exclusion


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters by `rated_at`: from `since` to before `until`. `supported_only` leaves out answers
    rated up that their sources do not support."""

    base_id: str | None = None
    rating: Rating | None = None
    since: datetime | None = None
    until: datetime | None = None
    supported_only: bool = False

    def __post_init__(self) -> None:
        """Raises SelectionInvalid."""
        if any(t is not None and t.tzinfo is None for t in (self.since, self.until)):
            raise SelectionInvalid("times need a zone, for example 2026-11-22T00:00:00+08:00")
        if self.since and self.until and self.since >= self.until:
            raise SelectionInvalid("since must be earlier than until")

    def holds(self, rated: RatedAnswer) -> bool:
        return (
            (self.base_id is None or self.base_id in rated.base_ids)
            and (self.rating is None or self.rating == rated.rating)
            and (self.since is None or self.since <= rated.rated_at)
            and (self.until is None or rated.rated_at < self.until)
        )
