"""Retrieval: embed the query, search dense and lexical, fuse, hydrate."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.rag.fuse import reciprocal_rank_fusion
from app.rag.types import Passage, StageScores
from ingest.embedder import Embedder, Vectors
from vectorstore.protocol import Match

# The three things retrieval asks of whoever keeps the data. All are called from a worker thread.
DenseSearch = Callable[[Vectors, int, Sequence[str]], list[Match]]  # (1, dim) vector, k, base ids
LexicalSearch = Callable[[str, int, Sequence[str]], list[Match]]  # query, k, base ids
Hydrate = Callable[[Sequence[int]], Mapping[int, Passage]]  # ids that are gone are missing


_SPARE = 4  # read beyond `top_k`, since a few may be gone


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Passages best first, and how long each stage took in milliseconds."""

    passages: tuple[Passage, ...]
    timings_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class Retriever:
    """`candidates` is how many matches each search proposes, `rrf_k` the k of the fusion."""

    embedder: Embedder
    dense: DenseSearch
    lexical: LexicalSearch
    hydrate: Hydrate
    candidates: int = 50
    rrf_k: int = 60

    def retrieve(
        self, query: str, base_ids: Sequence[str], top_k: int, *, context: str = ""
    ) -> Retrieved:
        """The `top_k` best passages. `context`, the question before, is searched along with a
        follow-up, so that "and sick leave?" finds what the conversation is about.
        """
        timings: dict[str, float] = {}
        queries = [query, f"{context}\n{query}"] if context else [query]
        rankings: list[list[int]] = []
        dense: dict[int, float] = {}
        lexical: dict[int, float] = {}

        with _timed(timings, "embed"):
            vectors = self.embedder.embed(queries, kind="query")
        with _timed(timings, "dense"):
            for row in range(len(queries)):
                found = self.dense(vectors[row : row + 1], self.candidates, base_ids)
                _keep_best(dense, rankings, found)
        with _timed(timings, "lexical"):
            for text in queries:
                _keep_best(lexical, rankings, self.lexical(text, self.candidates, base_ids))
        with _timed(timings, "fuse"):
            fused = reciprocal_rank_fusion(rankings, k=self.rrf_k)
        with _timed(timings, "hydrate"):
            passages = self._hydrate(fused, dense, lexical, top_k)
        return Retrieved(passages, timings)

    def _hydrate(
        self,
        fused: dict[int, float],
        dense: dict[int, float],
        lexical: dict[int, float],
        top_k: int,
    ) -> tuple[Passage, ...]:
        """Read the best ones, and more of them where some were deleted since they were indexed."""
        ids = list(fused)
        found: list[Passage] = []
        while ids and len(found) < top_k:
            some, ids = ids[: top_k + _SPARE], ids[top_k + _SPARE :]
            stored = self.hydrate(some)
            found += [stored[id_] for id_ in some if id_ in stored]
        return tuple(
            replace(
                passage,
                score=fused[passage.chunk_id],
                trace=StageScores(
                    dense=dense.get(passage.chunk_id),
                    lexical=lexical.get(passage.chunk_id),
                    fused=fused[passage.chunk_id],
                ),
            )
            for passage in found[:top_k]
        )


def _keep_best(
    scores: dict[int, float], rankings: list[list[int]], matches: Sequence[Match]
) -> None:
    rankings.append([match.id for match in matches])
    for match in matches:
        scores[match.id] = max(match.score, scores.get(match.id, match.score))


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    timings[stage] = (time.perf_counter() - began) * 1000
