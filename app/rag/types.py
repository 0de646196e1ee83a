"""What an answer is made of. Spans are half-open character ranges into the document's text."""

from dataclasses import dataclass, field
from typing import Literal

from app.llm.messages import Served, TokenCounts

Task = Literal["qa", "chat", "translate", "summarise"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is searched: knowledge bases, without what their restrictions withhold.

    `withheld` are ids of restrictions whose documents the asker may not see.
    """

    base_ids: tuple[str, ...] = ()
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StageScores:
    """Every stage's score of one passage; None where that stage did not find it.

    dense: cosine, −1 to 1. lexical: share of the BM25 score that a text with all the words could
    have, 0 to 1. fused: their weighted mean. Higher is better in all.
    """

    dense: float | None = None
    lexical: float | None = None
    fused: float = 0.0
    rerank: float | None = None


@dataclass(frozen=True, slots=True)
class ChunkSpan:
    """A chunk inside a passage, or what of it stands on one page."""

    chunk_id: int
    start: int
    end: int
    page: int | None = None
    locator: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was found, with its source and the scores that brought it here.

    Where its neighbours came along, text and span are of all of them, in `parts`; the rest is of
    the chunk that was found. A chunk that goes over a page has a part for each.
    """

    chunk_id: int
    document_id: str
    document_name: str
    base_id: str
    ordinal: int
    text: str
    start: int
    end: int
    page: int | None = None
    title: str = ""
    headings: tuple[str, ...] = ()
    score: float = 0.0
    trace: StageScores = field(default_factory=StageScores)
    locator: str | None = None  # where a page does not say it: `sheet 薪资, rows 8–20`
    parts: tuple[ChunkSpan, ...] = ()

    def part_at(self, position: int) -> ChunkSpan:
        """The part that holds the document's character `position`, or the one before it."""
        before = [part for part in self.parts if part.start <= position]
        return (
            before[-1]
            if before
            else ChunkSpan(self.chunk_id, self.start, self.end, self.page, self.locator)
        )


@dataclass(frozen=True, slots=True)
class Citation:
    """Marker `[marker]` in the answer points at `document text[start:end]`."""

    marker: int  # counted from 1, the passage's place in the prompt
    chunk_id: int
    document_id: str
    document_name: str
    page: int | None
    start: int
    end: int
    text: str  # the supporting words
    locator: str | None = None


Verdict = Literal["supported", "computed", "unsupported", "contradicted", "no_statement"]
Reason = Literal["", "words", "number", "date", "name", "negation", "language"]


@dataclass(frozen=True, slots=True)
class Marker:
    """`answer text[start:end]` is brackets with the numbers of sources, `[1]` or `[1, 2]`."""

    start: int
    end: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """What is known of `answer text[start:end]`, a sentence, a heading or a table cell.

    `sources` are the words that support it, that it is computed from, or that contradict it; of an
    unsupported one the nearest words of the sources that the model itself named. `markers` are
    those that the model wrote for it, `nowhere` the numbers in them that name no source.
    """

    start: int
    end: int
    verdict: Verdict
    kind: Literal["sentence", "heading", "cell"] = "sentence"
    reason: Reason = ""  # what is missing or different: words, a number, a date, …
    sources: tuple[Citation, ...] = ()
    markers: tuple[Marker, ...] = ()
    nowhere: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsupported:
    """`answer text[start:end]` is a sentence that no source holds. With reason `number` the
    sources hold its words but not a number in it: computed, or wrong."""

    start: int
    end: int
    reason: Literal["words", "number"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two documents say the same with other numbers; `marker` is the one that was cited."""

    marker: int
    text: str
    other_marker: int
    other_text: str


# `length`: its limit cut the answer; `repeated`: the model repeated itself and was stopped;
# `no_sources`: nothing is about the question; `not_stated`: it is written, but the model that wrote
# it says that the sources do not state it; `greeting`, `listed`: neither documents nor a model were
# asked; `approved`: a person's answer
FinishReason = Literal[
    "stop",
    "length",
    "repeated",
    "stopped",
    "no_sources",
    "not_stated",
    "greeting",
    "listed",
    "approved",
    "error",
]


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    model: str
    finish_reason: FinishReason
    tokens: TokenCounts = field(default_factory=TokenCounts)
    adapter: str | None = None
    style: str = ""  # in which the engine was asked
    confidence: float = 1.0  # 0 to 1 that the sources hold an answer; below 0.5 none was tried
    checks: tuple[Check, ...] = ()
    unsupported: tuple[Unsupported, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)
    served: Served | None = None
    thought: str = ""
    rewritten: str = ""  # the question as it was searched, where that is not as it was asked
