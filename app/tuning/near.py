"""Texts that are nearly the same.

Two texts are near when their sets of character n-grams have a Jaccard index of at least `NEAR`.
Every pair is found without comparing all: texts that near must share one of their rarest n-grams
(prefix filtering, Bayardo, Ma & Srikant, "Scaling Up All Pairs Similarity Search", WWW 2007).
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

NEAR = 0.85
_N = 3  # characters: a Chinese word and the beginning of the next


def grams(text: str) -> frozenset[str]:
    """Character n-grams, without case, width, punctuation and white space."""
    wide = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(char for char in wide if char.isalnum())
    return frozenset(bare[i : i + _N] for i in range(max(1, len(bare) - _N + 1)))


def first_near(texts: Sequence[str], threshold: float = NEAR) -> list[int | None]:
    """Of each text the first one before it that is near; None where there is none, or only such as
    are near to an earlier one themselves."""
    sets = [grams(text) for text in texts]
    frequency = Counter(gram for each in sets for gram in each)
    index: defaultdict[str, list[int]] = defaultdict(list)
    found: list[int | None] = []
    for number, each in enumerate(sets):
        rare = sorted(each, key=lambda gram: (frequency[gram], gram))
        prefix = rare[: len(rare) - math.ceil(threshold * len(rare)) + 1]
        candidates = sorted({other for gram in prefix for other in index[gram]})
        near = next((o for o in candidates if _jaccard(sets[o], each) >= threshold), None)
        found.append(near)
        if near is None:
            for gram in prefix:
                index[gram].append(number)
    return found


def _jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    common = len(first & second)
    return common / (len(first) + len(second) - common)
