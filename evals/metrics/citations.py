"""Citation precision and recall, computed independently of the service's own checks.

A sentence is supported if its passages contain at least 60% of its content and all its numbers.
Content: pairs of consecutive Chinese characters, and words of three letters or more that are not
function words.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.rag.grounding.sentences import split_sentences
from app.rag.types import Answer, Check, Passage
from evals.metrics.overlap import contains
from evals.runs import Scores

SUPPORT = 0.6

_MARKER = re.compile(r"\[(\d{1,3})\]")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_WORD = re.compile(r"[a-zA-Z]{3,}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the and for are was were that this with from has have had its not but which who whose "
        "been being into their there they them then than also such these those can may will would",
    )
)
_FUNCTION_CHARACTERS = str.maketrans("", "", "的了是在和与及也为于被")
_REFUSES = re.compile(
    r"(没有|未能?|无法|不)[^。！？]{0,12}(找到|提到|提及|提供|包含|说明|确定|回答|得知|知道|相关)"
    r"|(not|n't|no|unable)\b[^.!?]{0,40}\b(found|find|mention|provid|contain|answer|specif|state|know\b|"
    r"information|matches|determin)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """Counts over the sentences of an answer. `nowhere`: markers without a passage."""

    statements: int
    cited: int
    supported: int
    nowhere: int

    def scores(self) -> Scores:
        """Precision and recall, if defined."""
        found: Scores = {"markers_nowhere": float(self.nowhere)}
        if self.cited:
            found["citation_precision"] = self.supported / self.cited
        if self.statements:
            found["citation_recall"] = self.cited / self.statements
        return found


def check_citations(
    answer: str, passages: Sequence[Passage], checks: Sequence[Check] = ()
) -> Checked:
    """Checks the markers of an answer, `[n]` referring to `passages[n - 1]`, and the sources that
    its verdicts name."""
    statements = cited = supported = nowhere = 0
    for span in split_sentences(answer):
        sentence = answer[span.start : span.end]
        numbers = [int(number) for number in _MARKER.findall(sentence)]
        nowhere += sum(not 1 <= number <= len(passages) for number in numbers)
        numbers += [
            source.marker
            for check in checks
            if check.verdict in ("supported", "computed") and span.start < check.end <= span.end
            for source in check.sources
        ]
        named = [passages[n - 1] for n in sorted(set(numbers)) if 1 <= n <= len(passages)]
        bare = _MARKER.sub("", sentence)
        if refuses(bare) or not _content(bare):
            continue
        statements += 1
        if named:
            cited += 1
            supported += supports(bare, named)
    return Checked(statements, cited, supported, nowhere)


def cited_gold(answer: Answer, gold: Sequence[str]) -> Scores:
    """`words_hold`: whether the words that a citation highlights contain a gold answer;
    `passages_hold`: whether a cited passage does. Empty where nothing is cited, or no passage of
    the prompt contains it."""
    passages = {number: p.text for number, p in enumerate(answer.passages, start=1)}
    if not answer.citations or not _any_holds(passages.values(), gold):
        return {}
    cited = [passages.get(citation.marker, "") for citation in answer.citations]
    return {
        "words_hold": float(_any_holds([c.text for c in answer.citations], gold)),
        "passages_hold": float(_any_holds(cited, gold)),
    }


def _any_holds(texts: Iterable[str], gold: Sequence[str]) -> bool:
    return any(contains(text, each) for text in texts for each in gold)


def supports(sentence: str, passages: Sequence[Passage]) -> bool:
    """Whether the passages together support the sentence."""
    passage_text = " ".join(f"{p.title} {' '.join(p.headings)} {p.text}" for p in passages)
    wanted = _content(sentence)
    if not _numbers(sentence) <= _numbers(passage_text):
        return False
    return len(wanted & _content(passage_text)) >= SUPPORT * len(wanted)


def refuses(text: str) -> bool:
    """Whether the text says that nothing was found."""
    return bool(_REFUSES.search(text))


def _content(text: str) -> set[str]:
    wide = unicodedata.normalize("NFKC", text).lower()
    runs = [run.translate(_FUNCTION_CHARACTERS) for run in _HAN.findall(wide)]
    pairs = {run[at : at + 2] for run in runs for at in range(max(1, len(run) - 1))} - {""}
    words = {word for word in _WORD.findall(wide) if word not in _FUNCTION_WORDS}
    return pairs | words | _numbers(wide)


def _numbers(text: str) -> set[str]:
    wide = unicodedata.normalize("NFKC", text)
    return {number.replace(",", "") for number in _NUMBER.findall(wide)}
