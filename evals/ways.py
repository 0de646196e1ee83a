"""The ways in which an eval searches, and what of a ranking is handed over to a reader."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.rag.types import Passage
from app.services.search import Passages
from app.wiring import Zhiwen
from evals.ranking import reciprocal_rank_fusion
from evals.runs import Scores

WAYS = ("dense", "lexical", "rrf", "fused")
CHUNKS = 5
BUDGET_CHARS = 1500

# Stages that an eval takes from its cache, so that their time says nothing.
_CACHED = "embed"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Chunks, best first."""

    passages: Sequence[Passage]

    def first(self, count: int = CHUNKS) -> list[str]:
        """The texts that `count` chunks hand over."""
        return [passage.text for passage in self.passages[:count]]

    def within(self, budget_chars: int = BUDGET_CHARS) -> list[str]:
        """The texts handed over within a budget: in order, the last one cut."""
        texts: list[str] = []
        left = budget_chars
        for passage in self.passages:
            if left <= 0:
                break
            texts.append(passage.text[:left])
            left -= len(texts[-1])
        return texts


@dataclass(frozen=True, slots=True)
class Searched:
    """One question: a ranking by way, and how long the served one took."""

    rankings: dict[str, Ranking]
    timings_ms: Scores


def searcher(house: Zhiwen, base_id: str, depth: int) -> Callable[[str], Searched]:
    """Searches the base in all ways, `depth` chunks deep.

    `dense` and `lexical` are the halves alone, `rrf` their plain fusion, `fused` the search as it
    is served.
    """
    passages = Passages(house.db)

    def search(question: str) -> Searched:
        served = house.search.search(question, [base_id], depth)
        vector = house.embedder.embed([question], kind="query")
        halves = {
            "dense": [match.id for match in house.indexes.search(vector, depth, [base_id])],
            "lexical": [match.id for match in passages.lexical(question, depth, [base_id])],
        }
        ids = {**halves, "rrf": reciprocal_rank_fusion(list(halves.values()))[:depth]}
        stored = passages.hydrate(list({id_ for ranking in ids.values() for id_ in ranking}))
        rankings = {way: Ranking([stored[id_] for id_ in found]) for way, found in ids.items()}
        timings = {name: ms for name, ms in served.timings_ms.items() if name != _CACHED}
        return Searched({**rankings, "fused": Ranking(served.passages)}, timings)

    return search
