"""Evidence recall: the share of answering sentences that reach the prompt."""

from collections.abc import Sequence

CONTAINED = 0.8
GRAM = 4


def evidence_recall(evidence: Sequence[str], texts: Sequence[str]) -> float:
    """Share of the evidence sentences that the texts contain, 0 to 1.

    A sentence is contained where at least 80 % of its character 4-grams, white space aside, occur
    in the texts. Raises ZeroDivisionError without evidence.
    """
    held: set[str] = set()
    for text in texts:
        held |= _grams(text)
    found = 0
    for sentence in evidence:
        wanted = _grams(sentence)
        found += len(wanted & held) >= CONTAINED * len(wanted)
    return found / len(evidence)


def shared_grams(first: str, second: str) -> float:
    """Share of the 4-grams of the text that has fewer which the other one has too, 0 to 1."""
    a, b = _grams(first), _grams(second)
    return len(a & b) / min(len(a), len(b))


def _grams(text: str) -> set[str]:
    """Character 4-grams; a text shorter than that is its own."""
    bare = "".join(text.split()).casefold()
    return {bare[i : i + GRAM] for i in range(max(1, len(bare) - GRAM + 1))}
