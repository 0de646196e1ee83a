"""Chooses the engine for `auto` by a cascade of simple rules; each decision has one reason.

docs/decisions/2026-11-22-gateway.md explains why rules instead of a learnt router.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from app.llm.engines import Size

Reason = Literal[
    "named",  # the request names the engine
    "only",  # there is no choice
    "long",  # the question is long
    "comparison",  # it compares, or has several parts
    "several_documents",  # it names several of the retrieved documents
    "unsure",  # the passages may not answer it
    "simple",  # none of these
]

LONG_FROM = 40  # Chinese characters, or words of other languages
SURE_FROM = 0.8  # confidence that the sources contain an answer; the gate stops at 0.5 and below

_UNIT = re.compile(r"[㐀-鿿]|[^\W㐀-鿿]+")
_COMPARISON = re.compile(
    r"比较|对比|相比|區別|区别|差异|差異|异同|異同|不同|分别|分別|各自|哪个更|哪個更"
    r"|\b(?:compar\w*|differ\w*|versus|vs|respectively|each of|both of|which is more)\b",
    re.IGNORECASE,
)
_SHORTEST_NAME = 2  # characters; `a.md` is in too many questions


@dataclass(frozen=True, slots=True)
class Case:
    """A question and its retrieval results. `documents`: document names of the passages, which may
    repeat."""

    question: str = ""
    documents: Sequence[str] = ()
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Decision:
    size: Size
    reason: Reason


def route(case: Case) -> Decision:
    """Small for short, simple questions with a sure answer; large for long questions, comparisons,
    several documents or low confidence. The first matching rule decides."""
    if question_length(case.question) >= LONG_FROM:
        return Decision("large", "long")
    if _COMPARISON.search(case.question):
        return Decision("large", "comparison")
    if named_documents(case.question, case.documents) > 1:
        return Decision("large", "several_documents")
    if case.confidence < SURE_FROM:
        return Decision("large", "unsure")
    return Decision("small", "simple")


def question_length(question: str) -> int:
    """Number of Chinese characters plus words of other languages."""
    return len(_UNIT.findall(question))


def named_documents(question: str, documents: Sequence[str]) -> int:
    """Number of documents that the question names, with or without file extension."""
    asked = question.casefold()
    stems = {PurePosixPath(name).stem.casefold() for name in documents}
    return sum(len(stem) >= _SHORTEST_NAME and stem in asked for stem in stems)
