"""Two documents that say the same sentence with other numbers, dates or times.

Meant to be right rather than complete: the words around the numbers must be the same, the sentence
must say what it is about (not "this contract"), each document must say it once, and the documents
must not be two of one kind, such as the manuals of two products.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import PurePath

from app.rag.grounding.facts.fact import Fact, read_facts, same
from app.rag.grounding.sentences import split_sentences
from app.services.checkup.twins import bare

_LEAST_FRAME, _MOST_FRAME = 8, 160  # characters without the facts
_MOST_FACTS = 4
_MOST_DOCUMENTS = 4  # that say it; more make it a form
_FEW = 3  # contradictions that a base may have without any agreement
_SIBLINGS_FROM = 0.5  # alike names of different things
_OF_ITSELF = re.compile(
    r"本(?:制度|办法|规定|手册|合同|协议|文件|细则|方案|指南|产品|设备|机|公司|项目|报告|条|章|表|页|次|期|季度)"
    r"|该|上述|下列|如下|甲方|乙方|公司|集团|企业|其"
    r"|\b(?:this|these|those|such|herein|above|following|our|its|it|they|company|firm|group)\b"
)
_NOT_PROSE = re.compile(
    r"[|\t]|\.{4,}|…{2,}|^\s*(?:图|表|figure|table|page|第)\s*\d", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence with facts, `text[start:]` of its document."""

    document: int
    start: int
    text: str
    facts: tuple[Fact, ...]


def statements_of(document: int, text: str) -> Iterator[tuple[str, Statement]]:
    """Its sentences that state facts of a kind that can contradict, each with its frame: the words
    without the facts."""
    for start, end in split_sentences(text):
        sentence = text[start:end].strip()
        if not _LEAST_FRAME < len(sentence) <= 2 * _MOST_FRAME or _NOT_PROSE.search(sentence):
            continue
        facts, rest = read_facts(sentence)
        frame = re.sub(r"\s+", " ", rest).strip()
        if not 0 < len(facts) <= _MOST_FACTS or _OF_ITSELF.search(frame):
            continue
        if _LEAST_FRAME <= len(bare(frame)) <= _MOST_FRAME and any(map(_measured, facts)):
            ordered = tuple(sorted(facts, key=lambda f: (f.kind, f.dimension, f.value, f.date)))
            yield frame, Statement(document, start, sentence, ordered)


def contradictions(
    stated: dict[str, list[Statement]],
    names: Sequence[str],
    passed_over: Collection[int] = (),
) -> list[tuple[Statement, Statement]] | None:
    """Pairs of statements. `stated`: by frame. `passed_over`: documents that don't count, such as
    older versions.

    None where documents that share sentences mostly differ in their numbers: then they are forms or
    reports, each about something else.
    """
    found: list[tuple[Statement, Statement]] = []
    agreeing = 0
    for statements in stated.values():
        by_document: dict[int, list[Statement]] = defaultdict(list)
        for each in statements:
            if each.document not in passed_over:
                by_document[each.document].append(each)
        if len(by_document) < 2 or any(len(group) > 1 for group in by_document.values()):
            continue
        first, *others = (group[0] for group in by_document.values())
        for other in others:
            if not _contradict(first.facts, other.facts):
                agreeing += 1
            elif len(by_document) <= _MOST_DOCUMENTS and not _siblings(names, first, other):
                found.append((first, other))
    return None if len(found) > max(_FEW, agreeing) else found


def _measured(fact: Fact) -> bool:
    return fact.kind in ("date", "time") or (fact.kind == "quantity" and bool(fact.dimension))


def _contradict(ones: Sequence[Fact], others: Sequence[Fact]) -> bool:
    """The same kinds of facts, all others equal, one of them measured and different."""
    if len(ones) != len(others):
        return False
    different = 0
    for one, other in zip(ones, others, strict=True):
        if (one.kind, one.dimension, one.bound) != (other.kind, other.dimension, other.bound):
            return False
        if same(one, other) or same(other, one):
            continue
        if not _measured(one):
            return False
        different += 1
    return different == 1


def _siblings(names: Sequence[str], *two: Statement) -> bool:
    """Whether the names of their documents are alike, as those of one kind of document are."""
    one, other = (bare(PurePath(names[each.document]).stem) for each in two)
    return one != other and SequenceMatcher(None, one, other).ratio() >= _SIBLINGS_FROM
