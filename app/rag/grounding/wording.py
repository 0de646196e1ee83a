"""What a sentence says, as a set of terms, so that sentences can be compared."""

from app.rag.grounding.numbers import numerals_as_digits
from ingest.terms import terms


def content_terms(text: str) -> frozenset[str]:
    """Terms that carry meaning: words, numbers and Chinese bigrams; single characters if alone."""
    found = terms(text)
    strong = {t for t in found if len(t) > 1 or t.isdigit()}
    return frozenset(strong or found)


def source_terms(text: str) -> frozenset[str]:
    """A source that says 三年 holds the 3 of "3 years" too."""
    return content_terms(text) | content_terms(numerals_as_digits(text))


def numbers_in(found: frozenset[str]) -> frozenset[str]:
    """Those of the terms that are numbers or begin with one."""
    return frozenset(term for term in found if term[0].isdigit())


def support(sentence: frozenset[str], source: frozenset[str]) -> float:
    """Share of the sentence's terms that the source holds, 0 to 1; 0 where a number is missing."""
    if not sentence or numbers_in(sentence) - source:
        return 0.0
    return len(sentence & source) / len(sentence)
