"""Sentences as they are cited: a line of a list or a table is one of its own."""

import re
from typing import NamedTuple

from ingest.chunking.sentences import sentence_spans

_CLAUSE_ENDS = re.compile(
    r"[，；;。！？]+|,(?!\d)(?!\s*(?:1[89]|20|21)\d\d\b)\s*"
    r"|\s+(?=(?:but|however|unless|while|whereas|although|though|because|if|when"
    r"|and(?!\s(?:under|over|above|below|up|more)\b))\s)"
)


class Span(NamedTuple):
    """Half-open character range."""

    start: int
    end: int


def split_sentences(text: str) -> list[Span]:
    """Spans that together cover the whole text, white space at an end belonging to it."""
    spans: list[Span] = []
    for start, end in sentence_spans(text, 0, len(text)):
        begin = start
        for line in text[start:end].splitlines(keepends=True):
            spans.append(Span(begin, begin + len(line)))
            begin += len(line)
    return spans


def split_clauses(text: str) -> list[str]:
    """The clauses of a sentence; commas in numbers and dates divide none."""
    return [part for part in (piece.strip() for piece in _CLAUSE_ENDS.split(text)) if part]
