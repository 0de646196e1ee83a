"""What a rated answer is made of, and why one may stay out of a training file."""

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
    """An answer, the prompt it was given to, and what a person thought of it.

    `prompt` is what was served, byte for byte: system, earlier turns, question with its sources;
    first words of the answer that were given to the model are left out.
    `answer` is what was shown, with mended citation markers; `raw_output` what the model wrote.
    Answers of one `conversation_id` and `position` are variants of each other. Times have a zone.
    """

    message_id: str
    conversation_id: str
    position: int
    base_ids: tuple[str, ...]
    prompt: tuple[Message, ...]
    answer: str
    raw_output: str
    rating: Rating | None
    created_at: datetime
    rated_at: datetime
    state: str = "complete"  # complete, stopped, interrupted, failed, streaming
    finish_reason: str | None = None  # "length" where the answer ran into its limit
    reason: str | None = None
    comment: str = ""
    correction: str = ""
    model: str | None = None

    @property
    def variants_key(self) -> tuple[str, int]:
        return self.conversation_id, self.position

    @property
    def finished(self) -> bool:
        """Whether the answer ends where the model wanted it to end."""
        return self.state == "complete" and self.finish_reason != "length"


class Exclusion(StrEnum):
    """Why a rated answer gives no row. The value is the code; `words` says it plainly."""

    NOT_RATED = "not_rated"
    NO_PROMPT = "no_prompt"
    UNUSABLE_PROMPT = "unusable_prompt"
    TURNS_NOT_ALTERNATING = "turns_not_alternating"
    UNWRITABLE = "unwritable"
    EMPTY = "empty"
    INTERRUPTED = "interrupted"
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
    Exclusion.NOT_RATED: "Nobody rated it.",
    Exclusion.NO_PROMPT: "The prompt it was given to was not kept.",
    Exclusion.UNUSABLE_PROMPT: "Its prompt does not end with a question.",
    Exclusion.TURNS_NOT_ALTERNATING: (
        "Questions and answers before it do not alternate, which this format cannot express."
    ),
    Exclusion.UNWRITABLE: "It holds characters that UTF-8 cannot express.",
    Exclusion.EMPTY: "The answer is empty.",
    Exclusion.INTERRUPTED: "The answer was cut off before its end.",
    Exclusion.DOWN_WITHOUT_CORRECTION: "Rated down, and nobody wrote what would have been right.",
    Exclusion.CORRECTION_EQUALS_ANSWER: "The correction is the answer itself.",
    Exclusion.NOTHING_TO_COMPARE: "No correction, and no variant with the opposite rating.",
    Exclusion.OTHER_PROMPT: "Its variants answered another prompt, so they cannot be compared.",
    Exclusion.CONTRADICTED: "The same text for the same prompt was rated up and down.",
    Exclusion.DUPLICATE: "An earlier answer already gave the same row.",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    message_id: str
    reason: Exclusion


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters. `since` is included, `until` is not; both compare with `rated_at`."""

    base_id: str | None = None
    rating: Rating | None = None
    since: datetime | None = None
    until: datetime | None = None

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
