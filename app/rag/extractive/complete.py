"""What the source says around an answer that begins or stops in the middle of something.

A small model copies, and may begin behind the first words of a phrase or stop within a list, a
bracket, or before the unit of a number. Only what the sources agree on is added.
"""

import re
from collections.abc import Sequence

from app.rag.language import language_of
from app.rag.types import Passage

SETTLED = 6  # first characters of an answer by which its place in a source is known

_BRACKETS = {"（": "）", "(": ")", "《": "》", "「": "」", "『": "』", "“": "”"}
_LIST = re.compile(r"、[^，；：。！？\n,;:!?]+")
_NUMBER = re.compile(r"\d[\d.,]*$")
_UNITS = (
    "[年月日号时点分秒岁人名位个只颗件台座栋层间户家篇首卷册章条项次届米里亩吨升克元万亿度%％℃]"
)
_TAILS = (12, 6)  # last characters of an answer by which it is found again in its source
_SURE = 4  # fewer may stand anywhere
_LONGEST_REST = 80
_LEAST = 2  # fewer characters are half a word
_CLAUSE_MARKS = "，；：。！？\n,;:!?|\t#*"  # of tables and headings too
_BEFORE_A_PHRASE = "为是在于由被称叫从向即以与和因"  # what it depends on: copulas, prepositions
_LONGEST_START = 24


def start_of(answer: str, passages: Sequence[Passage], question: str) -> str:
    """What stands before the answer in its Chinese phrase: 比利时工业化学家 before 欧内斯特·索尔维.

    The phrase begins with its clause or behind a copula or preposition, and has nothing of the
    question. Empty where that cannot be told, or where the answer stands in several phrases.
    """
    first = answer.strip()[:SETTLED].rstrip("。，")
    if len(first) < _LEAST or language_of(question) != "zh":
        return ""
    starts = {
        _phrase_before(passage.text, found.start(), question)
        for passage in passages
        for found in re.finditer(re.escape(first), passage.text)
    }
    return starts.pop() if len(starts) == 1 else ""


def _phrase_before(text: str, end: int, question: str) -> str:
    start = end
    while start > 0 and text[start - 1] not in _CLAUSE_MARKS + _BEFORE_A_PHRASE:
        if text[max(0, start - 2) : start] in question or end - start == _LONGEST_START:
            return ""
        start -= 1
    phrase = text[start:end].strip(" -•")
    return phrase if len(phrase) >= _LEAST else ""


def rest_of(answer: str, passages: Sequence[Passage]) -> str:
    """What its source goes on with, where the answer stops within a list or a bracket, or before
    the unit of a number."""
    answer = answer.rstrip()
    if number := _NUMBER.search(answer):
        return _unit_of(number[0], passages)
    follows = _follows(answer, passages)
    if listed := _LIST.match(follows):
        rest = listed[0]
        if rest[-1] in _BRACKETS.values() and not _balanced(answer + rest):
            rest = rest[:-1]
    else:
        opened = [mark for mark in _BRACKETS if answer.count(mark) > answer.count(_BRACKETS[mark])]
        ends = [end for mark in opened if (end := follows.find(_BRACKETS[mark])) >= 0]
        rest = follows[: min(ends) + 1] if ends else ""
    return rest if len(rest) <= _LONGEST_REST else ""


def _unit_of(number: str, passages: Sequence[Passage]) -> str:
    """The unit that the number has in the sources; empty where it has several, or none."""
    with_unit = re.compile(rf"(?<![\d.,]){re.escape(number)}({_UNITS})")
    units = {found for passage in passages for found in with_unit.findall(passage.text)}
    return units.pop() if len(units) == 1 else ""


def _follows(answer: str, passages: Sequence[Passage]) -> str:
    """What stands behind the end of the answer in its source; empty where that is not found."""
    for tail in dict.fromkeys(answer[-length:] for length in _TAILS):
        for passage in passages if len(tail) >= _SURE else ():
            _, found, follows = passage.text.partition(tail)
            if found:
                return follows
    return ""


def _balanced(text: str) -> bool:
    return all(text.count(mark) == text.count(_BRACKETS[mark]) for mark in _BRACKETS)
