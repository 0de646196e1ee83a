"""Sentences of Chinese and English text, as spans that concatenate to the exact text."""

import re

from ingest.clean import CJK

_CLOSERS = "\"'”’」』】）)》〉\\]"
# A Chinese stop ends a sentence by itself; an English one only before white space and something
# that can begin a sentence. Rather one boundary too few than a cut inside a sentence.
# Possessive runs, each tried at its beginning only: linear on a million full stops.
_BOUNDARY = re.compile(
    rf"(?:(?<![。！？｡])[。！？｡]++|(?<!…)…{{2,}}+|(?<=[{CJK}])[!?]++)[{_CLOSERS}]*+(?![。！？｡…])\s*"
    rf"|(?<![.!?])[.!?]++[{_CLOSERS}]*+(?=\s+[^a-z\s,;:)\]])\s+"
)
# The word before a full stop that does not end a sentence.
_ABBREVIATION = re.compile(
    r"(?:\b[A-Za-z]|\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|cf|al|ca|approx|Fig|Figs|Eq|Eqs|Tab|Sec|"
    r"Ch|Vol|No|Nos|pp|Art|Inc|Ltd|Co|Corp|Dept|Gen|Gov|Sen|Rep|Rev|Hon|Jan|Feb|Mar|Apr|Jun|Jul|"
    r"Aug|Sep|Sept|Oct|Nov|Dec|i\.e|e\.g|U\.S|U\.K|Ph\.D)|^\s*\d{1,3}|\n\s*\d{1,3})$"
)


def sentence_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Half-open spans that cover `text[start:end]` without gaps, trailing white space included."""
    spans: list[tuple[int, int]] = []
    begin = start
    for match in _BOUNDARY.finditer(text, start, end):
        if text[match.start()] == "." and _is_abbreviation(text, begin, match.start()):
            continue
        spans.append((begin, match.end()))
        begin = match.end()
    if begin < end:
        spans.append((begin, end))
    return spans


def _is_abbreviation(text: str, begin: int, stop: int) -> bool:
    return bool(_ABBREVIATION.search(text[max(begin, stop - 12) : stop]))
