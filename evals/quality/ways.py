"""The search methods that an eval compares, and the texts that a ranking passes on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.rag.retrieval.pack import Around, pack, widen
from app.rag.types import Passage, Scope
from app.services.people.access import LOCAL_OWNER as ME
from app.services.search.search import Passages
from app.wiring.application import Zhiwen
from evals.metrics.ranking import reciprocal_rank_fusion
from evals.runs import Scores

WAYS = ("dense", "lexical", "rrf", "fused")
CHUNKS = 5
BUDGET_CHARS = 1500

# A stage served from the eval's cache, so that its time is meaningless.
_CACHED = "embed"
_CHUNKS_PER_PASSAGE = 4  # in the served search, so that all methods are equally deep
_MAX_PASSAGES = 50  # limited by the budget instead


@dataclass(frozen=True, slots=True)
class Ranking:
    """Chunks, best first, and their neighbours."""

    passages: Sequence[Passage]
    around: Around

    def first(self, count: int = CHUNKS) -> list[str]:
        """The texts of the first `count` chunks, with their neighbours."""
        return [passage.text for passage in widen(self.passages, self.around, count)]

    def within(self, budget_chars: int = BUDGET_CHARS) -> list[str]:
        """The texts within a budget; a single one that is too long is cut."""
        packed = pack(
            self.passages, self.around, measure=len, budget=budget_chars, max_passages=_MAX_PASSAGES
        )
        return [passage.text[:budget_chars] for passage in packed]


@dataclass(frozen=True, slots=True)
class Searched:
    """The rankings of a question by method, and the timings of the served one."""

    rankings: dict[str, Ranking]
    timings_ms: Scores


def searcher(zhiwen: Zhiwen, base_id: str, depth: int) -> Callable[[str], Searched]:
    """Searches the base with all methods, `depth` chunks deep.

    `dense` and `lexical` are the halves alone, `rrf` their reciprocal rank fusion, `fused` the
    served search. All pass on their texts in the same way.
    """
    passages, scope = Passages(zhiwen.db), Scope((base_id,))

    def search(question: str) -> Searched:
        served = zhiwen.search.search(ME, question, [base_id], depth // _CHUNKS_PER_PASSAGE + 1)
        vector = zhiwen.embedder.embed([question], kind="query")
        halves = {
            "dense": [match.id for match in zhiwen.indexes.search(vector, depth, scope)],
            "lexical": [match.id for match in passages.lexical(question, depth, scope)],
        }
        ids = {**halves, "rrf": reciprocal_rank_fusion(list(halves.values()))[:depth]}
        places = passages.locate({id_ for ranking in ids.values() for id_ in ranking}, scope)
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
