"""Evidence recall: the share of evidence sentences that reach the prompt."""

from collections.abc import Sequence

CONTAINED = 0.8
GRAM = 4


def evidence_recall(evidence: Sequence[str], texts: Sequence[str]) -> float:
    """Share of the evidence sentences that the texts contain, 0 to 1.

    A sentence is contained if at least 80% of its character 4-grams, ignoring white space, occur in
    the texts. Raises ZeroDivisionError without evidence.
    """
    text_grams: set[str] = set()
    for text in texts:
        text_grams |= _grams(text)
    found = 0
    for sentence in evidence:
        wanted = _grams(sentence)
        found += len(wanted & text_grams) >= CONTAINED * len(wanted)
    return found / len(evidence)


def shared_grams(first: str, second: str) -> float:
    """Overlap coefficient of the 4-grams, 0 to 1: shared ones over those of the shorter text."""
    a, b = _grams(first), _grams(second)
    return len(a & b) / min(len(a), len(b))


def _grams(text: str) -> set[str]:
    """Character 4-grams; a shorter text is a single gram."""
    bare = "".join(text.split()).casefold()
    return {bare[i : i + GRAM] for i in range(max(1, len(bare) - GRAM + 1))}
