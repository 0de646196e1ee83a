"""Words that bound an amount, before or behind it: 至多 5000 元, 5000 元以上, "20 kg or more"."""

import re
from typing import Literal

Bound = Literal["", "<=", ">=", "<", ">"]

_BEFORE: tuple[tuple[Bound, str], ...] = (
    (
        "<=",
        r"不(?:得|能|可|应|会)?(?:超过|多于|高于|大于|晚于|迟于)|至多|最多|最高|最长|最[晚迟](?!应?提前)|上限为?"
        r"|up to|at most|no (?:more|later|longer) than|(?:not|n't|cannot) (?:to )?exceed"
        r"|maximum(?: of)?|≤|within|not more than",
    ),
    (
        ">=",
        r"不(?:得|能|可|应|会)?(?:少于|低于|小于|早于|短于)|至少|最少|最低|下限为?"
        r"|at least|no (?:less|fewer|earlier) than|not (?:less|fewer) than|minimum(?: of)?|≥",
    ),
    ("<", r"不足|不到|不满|未满|少于|低于|小于|less than|fewer than|under|below|<"),
    (">", r"超过|多于|高于|大于|more than|over|above|exceed(?:s|ing)?|longer than|>"),
)
_BEHIND: tuple[tuple[Bound, str], ...] = (
    (
        "<=",
        r"以下(?!简称|条件|情况|情形|要求|材料|文件|步骤)|[以之]内|内(?![容部外])|封顶|为限"
        r"|or (?:less|fewer|below|under)\b|and (?:below|under)\b|at (?:the )?most\b|max(?:imum)?\b",
    ),
    (
        ">=",
        r"以上(?!所述)|之上|起(?![草诉点始来算])|\+(?!\s?\d)|at (?:the )?least\b|min(?:imum)?\b"
        r"|or (?:more|over|above|longer|later)\b|and (?:above|over|up|more)\b",
    ),
)
_REACH = 40  # characters of the longest of those before, and what may stand behind it
_ENDS = tuple((bound, re.compile(rf"(?:{words})\D{{0,3}}$")) for bound, words in _BEFORE)
_BEGINS = tuple(
    (bound, re.compile(rf"\s?(?:\(?含(?:本数)?\)?)?\s?[及或和]?(?:{words})"))
    for bound, words in _BEHIND
)


def bound_of(text: str, start: int, end: int) -> tuple[Bound, tuple[int, int]]:
    """What bounds the amount there, and the span of the amount with the words that do."""
    for bound, pattern in _ENDS:
        if before := pattern.search(text, max(0, start - _REACH), start):
            return bound, (before.start(), end)
    for bound, pattern in _BEGINS:
        if behind := pattern.match(text, end):
            return bound, (start, behind.end())
    return "", (start, end)
