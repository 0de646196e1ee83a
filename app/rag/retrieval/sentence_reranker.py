"""The reranker that needs no other model: the embedder at the level of sentences, and exact facts.

A chunk's vector says what it is about as a whole; the sentence that answers may be a small part of
it. What the question states exactly, a date or a part number, must stand in the passage.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.rag.grounding.facts.fact import facts_in, same
from app.rag.grounding.sentences import split_sentences
from app.rag.retrieval.rerank import RerankScores
from app.rag.types import Passage
from ingest.embedding.embedder import Embedder

_FACTS = 0.05  # of a cosine, where the passage has all facts of the question


@dataclass(frozen=True)
class SentenceReranker:
    """Implements `Reranker`."""

    embedder: Embedder

    @property
    def name(self) -> str:
        return f"sentences:{self.embedder.name}"

    def score(self, query: str, passages: Sequence[Passage]) -> RerankScores:
        """The cosine of the nearest sentence, up to 1, and 0.05 for the facts of the question."""
        if not passages:
            return np.zeros(0, np.float32)
        sentences = [_sentences(passage.text) for passage in passages]
        asked = self.embedder.embed([query], kind="query")[0]
        vectors = self.embedder.embed([s for each in sentences for s in each], kind="document")
        ends = np.cumsum([len(each) for each in sentences])
        cosines = np.split(vectors @ asked, ends[:-1])
        facts = facts_in(query)
        scores = [float(each.max()) for each in cosines]
        for number, passage in enumerate(passages if facts else ()):
            held = facts_in(passage.text, source=True)
            share = sum(any(same(f, other) for other in held) for f in facts) / len(facts)
            scores[number] += _FACTS * share
        return np.asarray(scores, np.float32)


def _sentences(text: str) -> list[str]:
    found = [text[span.start : span.end].strip() for span in split_sentences(text)]
    return [sentence for sentence in found if sentence] or [text]
