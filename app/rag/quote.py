"""An answer that only says the question again is replaced by the source's own words, and one that
stops within a list or a bracket is completed from it.

Asked "what is the throttle also called?", a model of half a billion parameters may answer "the
throttle": it has found the place and stopped too soon. So nothing is shown until the answer says
something that the question does not; where it never does, the clauses of the source that speak of
it are quoted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.rag.sentences import split_sentences
from app.rag.types import Passage
from app.rag.wording import content_terms, source_terms

_CLAUSES = re.compile(r"(?<=[，；：。！？])|(?<=[,;:.!?])(?=\s)")
_UNFINISHED_WORD = re.compile(r"[^\W\u3400-\u9fff]+$")
_MARKS = " \n。，；：！？.,;:!?"
_NEW_TERMS = 2  # a quotation goes on until it tells as many that the question lacks
_BRACKETS = {"（": "）", "(": ")", "《": "》", "「": "」", "『": "』", "“": "”"}
_LIST = re.compile(r"、[^，；：。！？\n,;:!?]+")
_NUMBER = re.compile(r"\d[\d.,]*$")
_UNITS = (
    "[年月日号时点分秒岁人名位个只颗件台座栋层间户家篇首卷册章条项次届米里亩吨升克元万亿度%％℃]"
)
_TAILS = (12, 6)  # last characters of an answer by which it is found again in its source
_SURE = 4  # fewer may stand anywhere
_LONGEST_REST = 80


@dataclass(slots=True)
class Quoter:
    """Stands between the model and the citer; what `feed` and `finish` return is the answer."""

    passages: Sequence[Passage]
    question: str
    _asked: frozenset[str] = field(init=False)
    _text: str = ""  # all that the model wrote
    _released: bool = False

    def __post_init__(self) -> None:
        self._asked = source_terms(self.question)

    def feed(self, text: str) -> str:
        """Take the next piece of the model's text and return what can be shown."""
        self._text += text
        if self._released:
            return text
        if not self._says_more(_UNFINISHED_WORD.sub("", self._text)):
            return ""
        self._released = True
        return self._text

    def finish(self) -> str:
        """What was held back and the rest of a list or bracket, or the quotation in its place."""
        if not self._released and not self._says_more(self._text):
            return quotation(self.passages, self.question, self._text) or self._text
        held = "" if self._released else self._text
        return held + rest_of(self._text, self.passages)

    def _says_more(self, text: str) -> bool:
        if text.strip(_MARKS).casefold() in self.question.casefold():
            return False  # also a single character, which is no term
        return bool(content_terms(text) - self._asked)


def quotation(passages: Sequence[Passage], question: str, answer: str) -> str:
    """The clauses that say most of question and answer, and what follows them up to something
    new, of the sentence that shares most with both. Empty where no sentence says more."""
    asked, said = content_terms(question), content_terms(answer)
    best, most = "", -1
    for passage in passages:
        for span in split_sentences(passage.text):
            sentence = passage.text[span.start : span.end].strip()
            holds = source_terms(sentence)
            shared = 2 * len(holds & said) + len(holds & asked)
            if shared > most and holds - asked:
                best, most = sentence, shared
    return _clauses_about(best, asked | said).rstrip("，；：,;: ")


def _clauses_about(sentence: str, wanted: frozenset[str]) -> str:
    clauses = [clause for clause in _CLAUSES.split(sentence) if clause]
    if not clauses:
        return ""
    first = max(range(len(clauses)), key=lambda i: len(source_terms(clauses[i]) & wanted))
    last = first
    while last + 1 < len(clauses):
        told = content_terms("".join(clauses[first : last + 1])) - wanted
        if len(told) >= _NEW_TERMS:
            break
        last += 1
    return "".join(clauses[first : last + 1])


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
