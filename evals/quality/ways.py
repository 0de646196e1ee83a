"""The ways in which an eval searches, and what of a ranking is handed over to a reader."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.rag.retrieval.pack import Around, pack, widen
from app.rag.types import Passage
from app.services.search.search import Passages
from app.wiring.application import Zhiwen
from evals.metrics.ranking import reciprocal_rank_fusion
from evals.runs import Scores

WAYS = ("dense", "lexical", "rrf", "fused")
CHUNKS = 5
BUDGET_CHARS = 1500

# A stage that an eval takes from its cache, so that its time says nothing.
_CACHED = "embed"
_CHUNKS_PER_PASSAGE = 4  # that the service reads; so all ways are equally deep
_MAX_PASSAGES = 50  # the budget is what limits


@dataclass(frozen=True, slots=True)
class Ranking:
    """Chunks, best first, and what stands around them."""

    passages: Sequence[Passage]
    around: Around

    def first(self, count: int = CHUNKS) -> list[str]:
        """The texts that `count` chunks hand over, with their neighbours."""
        return [passage.text for passage in widen(self.passages, self.around, count)]

    def within(self, budget_chars: int = BUDGET_CHARS) -> list[str]:
        """The texts handed over within a budget; one that is too long alone is cut."""
        packed = pack(
            self.passages, self.around, measure=len, budget=budget_chars, max_passages=_MAX_PASSAGES
        )
        return [passage.text[:budget_chars] for passage in packed]


@dataclass(frozen=True, slots=True)
class Searched:
    """One question: a ranking by way, and how long the served one took."""

    rankings: dict[str, Ranking]
    timings_ms: Scores


def searcher(house: Zhiwen, base_id: str, depth: int) -> Callable[[str], Searched]:
    """Searches the base in all ways, `depth` chunks deep.

    `dense` and `lexical` are the halves alone, `rrf` their plain fusion, `fused` the search as it
    is served. What they find is handed over alike.
    """
    passages = Passages(house.db)

    def search(question: str) -> Searched:
        served = house.search.search(question, [base_id], depth // _CHUNKS_PER_PASSAGE + 1)
        vector = house.embedder.embed([question], kind="query")
        halves = {
            "dense": [match.id for match in house.indexes.search(vector, depth, [base_id])],
            "lexical": [match.id for match in passages.lexical(question, depth, [base_id])],
        }
        ids = {**halves, "rrf": reciprocal_rank_fusion(list(halves.values()))[:depth]}
        places = passages.locate({id_ for ranking in ids.values() for id_ in ranking})
        keys = {(p.document_id, p.ordinal + step) for p in places.values() for step in (-1, 0, 1)}
        around = {(p.document_id, p.ordinal): p for p in passages.hydrate(keys)}
        by_id = {passage.chunk_id: passage for passage in around.values()}
        rankings = {
            way: Ranking([by_id[id_] for id_ in found], around) for way, found in ids.items()
        }
        rankings["fused"] = Ranking(served.hits[:depth], served.around)
        timings = {name: ms for name, ms in served.timings_ms.items() if name != _CACHED}
        return Searched(rankings, timings)

    return search
