"""Retrieval: embed the query, search dense and lexical side by side, complete, fuse, hydrate, and
rerank where a reranker is configured.

Each search proposes chunks; completed is what only one of them has, the cosines of what only words
found. What is in another language than the question is put on a par (`bilingual.py`).
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import cached_property

from app import tracing
from app.rag.language import Language, language_of
from app.rag.retrieval.bilingual import LanguageAxis
from app.rag.retrieval.dates import otherwise_dated
from app.rag.retrieval.fuse import ChunkPosition, Cosine, coherent, fuse, in_turn
from app.rag.retrieval.gate import Scoring
from app.rag.retrieval.pack import Around, widen
from app.rag.retrieval.rerank import Reranking
from app.rag.types import Passage, Scope, StageScores
from ingest.embedding.embedder import Embedder, Vectors
from vectorstore.protocol import Match

# What retrieval asks of whoever keeps the data. All are called from worker threads.

# (1, dim) vector, k, scope, and the only chunk ids to compare with, where they are given
DenseSearch = Callable[[Vectors, int, Scope, Collection[int] | None], list[Match]]
LexicalSearch = Callable[[str, int, Scope], list[Match]]  # query, k, scope
# Ids that are gone or withheld are missing. Its word is final: nothing that it leaves out is read.
Locate = Callable[[Collection[int], Scope], Mapping[int, ChunkPosition]]
# (document id, ordinal) of chunks to read; those that are not there are missing
Hydrate = Callable[[Collection[tuple[str, int]]], list[Passage]]
Count = Callable[[Scope], int]  # chunks of its bases together
ChunksOf = Callable[[str], list[Passage]]  # all of a document, by its id, in order

_HITS_PER_PASSAGE = 4  # small chunks read for each passage asked for
# Neighbours of a hit come along; what follows the last of them tells whether a table ends there.
_HYDRATED = range(-1, 3)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """`hits` are single chunks, best first; `around` holds them, their neighbours and what follows
    these."""

    hits: tuple[Passage, ...]
    around: Around
    top_k: int
    chunks: int = 0  # that were searched
    timings_ms: dict[str, float] = field(default_factory=dict)

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The `top_k` best hits with what stands around them, best first."""
        return widen(self.hits, self.around, self.top_k)


@dataclass(frozen=True)
class Retriever:
    """`candidates` is how many matches each search proposes; `scoring` says what a cosine counts
    against the lexical score."""

    embedder: Embedder
    dense: DenseSearch
    lexical: LexicalSearch
    locate: Locate
    hydrate: Hydrate
    count: Count
    candidates: int = 60
    scoring: Scoring = field(default_factory=Scoring)
    reranking: Reranking | None = None

    def retrieve(self, query: str, scope: Scope, top_k: int, *, context: str = "") -> Retrieved:
        """The best chunks for `top_k` passages. `context`, the question before, is searched along
        with a follow-up, so that "and sick leave?" finds what the conversation is about. A date is
        searched in digits and in words.
        """
        timings: dict[str, float] = {}
        queries = [query, f"{context}\n{query}"] if context else [query]
        dated = otherwise_dated(query)
        queries += [dated] if dated else []
        lexical = [
            self._pool.submit(copy_context().run, self._lexical, text, scope, timings)
            for text in queries
        ]
        with _timed(timings, "embed"):
            embedded = self.embedder.embed(queries, kind="query")
            rows = [embedded[row : row + 1] for row in range(len(queries))]
            # A follow-up alone says too little to be looked for in the other language.
            axes = [None, self.axis] if context else [self.axis]
            axes += axes[:1] if dated else []
        with _timed(timings, "dense"):
            proposed = [
                self._proposed(row, scope, axis) for row, axis in zip(rows, axes, strict=True)
            ]
        by_words = [future.result() for future in lexical]
        with _timed(timings, "complete"):
            language = language_of(query)
            dense = [
                self._completed(row, found, shares.keys(), scope, axis, language)
                for row, found, shares, axis in zip(rows, proposed, by_words, axes, strict=True)
            ]
        with _timed(timings, "fuse"):
            chunks = self.count(scope)
            found = {id_ for cosines in dense for id_ in cosines}.union(*by_words)
            positions = self.locate(found, scope)
            scores = self._fused(dense, by_words, positions)
            ranked = coherent({id_: stages.fused for id_, stages in scores.items()}, positions)
            wanted = in_turn(query, ranked, positions)[: _HITS_PER_PASSAGE * top_k]
        with _timed(timings, "hydrate"):
            hits, around = self._hydrate(wanted, positions, scores)
        if self.reranking:
            with _timed(timings, "rerank"):
                hits = self.reranking.order(queries[-1], hits)
        return Retrieved(hits, around, top_k, chunks, timings)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=4, thread_name_prefix="lexical")

    def _lexical(self, text: str, scope: Scope, timings: dict[str, float]) -> dict[int, float]:
        with _timed(timings, "lexical"):
            found = self.lexical(text, self.candidates, scope)
        return {match.id: match.score for match in found}

    @cached_property
    def axis(self) -> LanguageAxis | None:
        """What of the embedder's vectors only says a language; measured once."""
        return LanguageAxis.measure(self.embedder)

    def _proposed(
        self, vector: Vectors, scope: Scope, axis: LanguageAxis | None
    ) -> dict[int, float]:
        """The best `candidates` with their inner products; with `axis`, in whatever language."""
        if axis is not None and axis.tilt(vector):
            vector = axis.neutral(vector)
        found = self.dense(vector, self.candidates, scope, None)
        return {match.id: match.score for match in found}

    def _completed(
        self,
        vector: Vectors,
        proposed: Mapping[int, float],
        by_words: Collection[int],
        scope: Scope,
        axis: LanguageAxis | None,
        language: Language,
    ) -> dict[int, Cosine]:
        """The cosines of what either search proposed, and what they lack for another language."""
        missing = set(by_words) - proposed.keys()
        known = {**proposed, **self._compared(vector, scope, missing)}
        tilt = axis.tilt(vector) if axis is not None else 0.0
        if axis is None or not tilt:
            return {id_: Cosine(cosine) for id_, cosine in known.items()}
        projections = self._compared(axis.direction[None], scope, known.keys())
        cosines: dict[int, Cosine] = {}
        for id_, projection in projections.items():
            # what was proposed lacks the part along the direction
            cosine = known[id_] + (tilt * projection if id_ in proposed else 0.0)
            cosines[id_] = Cosine(cosine, axis.correction(tilt, projection, language))
        return cosines

    def _compared(self, vector: Vectors, scope: Scope, ids: Collection[int]) -> dict[int, float]:
        """The inner products of `vector` `(1, dim)` with those chunks."""
        found = self.dense(vector, len(ids), scope, ids) if ids else []
        return {match.id: match.score for match in found}

    def _fused(
        self,
        dense: Sequence[Mapping[int, Cosine]],
        lexical: Sequence[Mapping[int, float]],
        positions: Mapping[int, ChunkPosition],
    ) -> dict[int, StageScores]:
        """Of several forms of the query, the one that suits a chunk best counts for it."""
        best: dict[int, StageScores] = {}
        weight = self.scoring.dense_weight
        for cosines, shares in zip(dense, lexical, strict=True):
            for id_, scores in fuse(cosines, shares, positions, dense_weight=weight).items():
                if id_ not in best or scores.fused > best[id_].fused:
                    best[id_] = scores
        return dict(sorted(best.items(), key=lambda item: (-item[1].fused, item[0])))

    def _hydrate(
        self,
        wanted: Sequence[int],
        positions: Mapping[int, ChunkPosition],
        scores: Mapping[int, StageScores],
    ) -> tuple[tuple[Passage, ...], Around]:
        keys = {
            (positions[id_].document_id, positions[id_].ordinal + step)
            for id_ in wanted
            for step in _HYDRATED
        }
        around = {(p.document_id, p.ordinal): p for p in self.hydrate(keys)}
        hits: list[Passage] = []
        for id_ in wanted:
            key = (positions[id_].document_id, positions[id_].ordinal)
            if key in around:  # not removed in this moment
                trace = scores[id_]
                around[key] = replace(around[key], score=trace.fused, trace=trace)
                hits.append(around[key])
        return tuple(hits), around


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    began = time.perf_counter()
    with tracing.span(stage):
        yield
    timings[stage] = (time.perf_counter() - began) * 1000
