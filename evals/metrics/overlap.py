"""Exact match, F1 and contains-gold of an answer against its gold answers.

Chinese after CMRC 2018 (Cui et al., "A Span-Extraction Dataset for Chinese Machine Reading
Comprehension", EMNLP 2019, with its evaluation script): characters and words of other scripts in
one sequence, F1 of the longest common run. English after SQuAD (Rajpurkar et al., EMNLP 2016): F1
of the bag of words. With several gold answers, the best one counts.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

from evals.catalogue import Language
from evals.runs import Scores

_CMRC_MARKS = frozenset("-:_*^/\\~`+=，。：？！“”；’《》…·、「」（）－～『』")
_CMRC_PIECES = re.compile(r"[\u4e00-\u9fa5]|[^\W\u4e00-\u9fa5]+(?:[.,']\w+)*|[^\w\s]")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_MARKERS = re.compile(r"\s?[\[【]\d{1,2}[\]】]")


def without_markers(answer: str) -> str:
    """The answer without citation markers."""
    return _MARKERS.sub("", answer)


def overlap(answer: str, gold: Sequence[str], language: Language) -> Scores:
    """`em`, `f1` and `contains_gold`, each 0 to 1, of an answer without markers."""
    exact, f1 = (cmrc_exact, cmrc_f1) if language == "zh" else (squad_exact, squad_f1)
    return {
        "em": max(exact(answer, each) for each in gold),
        "f1": max(f1(answer, each) for each in gold),
        "contains_gold": max(contains(answer, each) for each in gold),
    }


def cmrc_exact(answer: str, gold: str) -> float:
    return float(_without_cmrc_marks(answer) == _without_cmrc_marks(gold))


def cmrc_f1(answer: str, gold: str) -> float:
    said, right = cmrc_pieces(answer), cmrc_pieces(gold)
    return _f1(longest_common_run(said, right), len(said), len(right))


def cmrc_pieces(text: str) -> list[str]:
    """Chinese characters and whole other words, without the script's punctuation."""
    return _CMRC_PIECES.findall(_without_cmrc_marks(text))


def longest_common_run(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common contiguous run of pieces."""
    longest = 0
    before = [0] * (len(second) + 1)
    for piece in first:
        now = [0] * (len(second) + 1)
        for place, other in enumerate(second):
            if piece == other:
                now[place + 1] = before[place] + 1
        longest = max(longest, *now)
        before = now
    return longest


def squad_exact(answer: str, gold: str) -> float:
    return float(squad_words(answer) == squad_words(gold))


def squad_f1(answer: str, gold: str) -> float:
    said, right = squad_words(answer), squad_words(gold)
    return _f1((Counter(said) & Counter(right)).total(), len(said), len(right))


def squad_words(text: str) -> list[str]:
    """Lower case, without punctuation and articles."""
    bare = "".join(char for char in text.lower() if char not in string.punctuation)
    return _ARTICLES.sub(" ", bare).split()


def contains(answer: str, gold: str) -> float:
    """1 if the answer contains the gold answer, ignoring case, width, white space and
    punctuation."""
    return float(_bare(gold) in _bare(answer))


def _without_cmrc_marks(text: str) -> str:
    return "".join(char for char in text.lower().strip() if char not in _CMRC_MARKS)


def _bare(text: str) -> str:
    wide = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in wide if char.isalnum())


def _f1(common: int, said: int, right: int) -> float:
    if not common:
        return 0.0
    precision, recall = common / said, common / right
    return 2 * precision * recall / (precision + recall)
