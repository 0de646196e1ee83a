"""Rerankers: a closer look at the best hits of a search, by a model that reads both texts."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from app.rag.types import Passage

RerankScores: TypeAlias = npt.NDArray[np.float32]

RERANKED = 20  # hits
_AT_ONCE = 4  # between two looks at the clock


class Reranker(Protocol):
    """Scores passages for a question. Implementations: `CrossEncoderReranker`, with the weights of
    a configured model, and `SentenceReranker`, with the embedder's vectors.

    >>> from ingest.embedding.hashing import HashingEmbedder
    >>> from tests.rag.passages import passage
    >>> from app.rag.retrieval.sentence_reranker import SentenceReranker
    >>> found = [passage("食堂在一楼。"), passage("年假有十五天。")]
    >>> int(SentenceReranker(HashingEmbedder()).score("年假有几天？", found).argmax())
    1
    """

    @property
    def name(self) -> str: ...

    def score(self, query: str, passages: Sequence[Passage]) -> RerankScores:
        """`(len(passages),)` float32, finite, higher is better, on a scale of the reranker's own.
        Each passage's score depends on it and the query alone. Raises RagError, IngestError."""
        ...


@dataclass(frozen=True, slots=True)
class Reranking:
    """The best `RERANKED` hits in the order of `reranker`, within `budget_s` seconds: those that it
    did not come to keep their order behind the others."""

    reranker: Reranker
    budget_s: float

    def order(self, query: str, hits: Sequence[Passage]) -> tuple[Passage, ...]:
        """`hits`, best first; their `trace.rerank` is filled. Raises what `score` raises."""
        began = time.monotonic()
        scored: list[Passage] = []
        while len(scored) < min(RERANKED, len(hits)):
            if scored and time.monotonic() - began > self.budget_s:
                break
            part = hits[len(scored) : min(len(scored) + _AT_ONCE, RERANKED)]
            scores = self.reranker.score(query, part)
            scored += [
                replace(hit, trace=replace(hit.trace, rerank=float(score)))
                for hit, score in zip(part, scores, strict=True)
            ]
        best_first = sorted(scored, key=lambda hit: -(hit.trace.rerank or 0.0))
        return (*best_first, *hits[len(scored) :])
