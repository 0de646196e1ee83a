"""Documents that a question names: "compare Acme and Globex" wants passages of both."""

import math
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from ingest.terms import terms

_NAMED = 0.6  # share of a title's weight that the question must hold
_LEAST = 0.1  # weight of a term that all titles have


def named_titles(question: str, titles: Collection[str]) -> list[str]:
    """Those of `titles` that the question holds, whole or but for what many titles share.

    A title's terms weigh the more, the fewer of the titles have them, so that 创新科技 names
    创新科技有限公司 among other companies, and 有限公司 names none. Each term of the question
    names once: 创新科技有限公司 does not name 未来科技有限公司 along with it. Surest first.
    """
    left = set(terms(question))
    words = {title: _words(title) for title in titles}
    frequency = Counter(word for found in words.values() for word in found)

    def share(title: str) -> float:
        if not words[title] & left:
            return 0.0
        weights = {word: _LEAST + math.log(len(titles) / frequency[word]) for word in words[title]}
        matched_weight = sum(weight for word, weight in weights.items() if word in left)
        return matched_weight / sum(weights.values()) if weights else 0.0

    # Shares only shrink as terms are used up: who is not named by the whole question never is.
    likely = {title: first for title in titles if (first := share(title)) >= _NAMED}
    named: list[str] = []
    for title in sorted(likely, key=lambda title: (-likely[title], title)):
        if share(title) >= _NAMED:
            named.append(title)
            left -= words[title]
    return named


@lru_cache(maxsize=4096)
def _words(title: str) -> frozenset[str]:
    """Words and pairs of characters: single Chinese characters are in every question."""
    return frozenset(term for term in terms(title) if len(term) > 1)
