"""Sentences as they are cited: a line of a list or a table is one of its own."""

from typing import NamedTuple

from ingest.chunking.sentences import sentence_spans


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
