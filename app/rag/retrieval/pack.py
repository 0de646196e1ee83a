"""Small pieces are found, and handed over with what stands around them, within a budget.

Chunks are small, since a small one says precisely what it is about. A reader needs more: so the
neighbours of a hit come along, and chunks that touch become one passage. Where the budget is
short, hits go before neighbours.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from app.rag.retrieval.names import named_titles
from app.rag.types import ChunkSpan, Passage

Around = Mapping[tuple[str, int], Passage]  # (document id, ordinal) → its chunk
Measure = Callable[[str], int]  # of a text, in the unit of the budget

REACH = 1  # chunks before and after a hit that come along
CLEAR_BY = 0.03  # fused score, 0 to 1; docs/decisions/2026-11-22-smallest-models-quote.md


def widen(hits: Sequence[Passage], around: Around, top_k: int) -> tuple[Passage, ...]:
    """The first `top_k` hits with their neighbours, best first; those that touch are one."""
    chosen: dict[tuple[str, int], Passage] = {}
    taken = 0
    for hit in hits:
        if taken == top_k:
            break
        if _key(hit) not in chosen:
            taken += 1
            chosen |= {_key(n): n for n in _neighbours(hit, around)}
        chosen[_key(hit)] = hit
    return _passages(chosen.values(), hits)


def only_the_clear_best(hits: Sequence[Passage], question: str) -> Sequence[Passage]:
    """The hits of the best one's document where no other comes near, else all. A question that
    names several documents is about all of them."""
    if not hits or len(named_titles(question, {hit.title for hit in hits})) > 1:
        return hits
    best, own = hits[0], [hit for hit in hits if hit.document_id == hits[0].document_id]
    others = (hit.score for hit in hits if hit.document_id != best.document_id)
    return own if best.score - max(others, default=0.0) >= CLEAR_BY else hits


def pack(
    hits: Sequence[Passage],
    around: Around,
    *,
    measure: Measure,
    budget: int,
    overhead: int = 0,
    max_passages: int,
) -> tuple[Passage, ...]:
    """As much as fits into `budget`, best first: hits by rank, then what stands around them.

    Each passage costs `overhead` besides its text. What does not fit is passed over. The first
    hit is kept even where it alone is too long; its reader has to cut it.
    """
    chosen: dict[tuple[str, int], Passage] = {}
    costs: dict[tuple[str, int], int] = {}

    def fits(piece: Passage) -> bool:
        key = _key(piece)
        costs[key] = costs.get(key) or measure(piece.text)
        trial = [*chosen.values(), piece]
        runs = len(_runs(trial))
        total = sum(costs[_key(p)] for p in trial) + runs * overhead
        return total <= budget and runs <= max_passages

    for hit in hits:
        if fits(hit) or not chosen:
            chosen[_key(hit)] = hit
    for hit in [h for h in hits if _key(h) in chosen]:
        for neighbour in _neighbours(hit, around):
            if _key(neighbour) not in chosen and fits(neighbour):
                chosen[_key(neighbour)] = neighbour
    return _passages(chosen.values(), hits)


def _neighbours(hit: Passage, around: Around) -> list[Passage]:
    """Nearest first, what follows before what precedes: texts explain forwards."""
    steps = [step for distance in range(1, REACH + 1) for step in (distance, -distance)]
    keys = [(hit.document_id, hit.ordinal + step) for step in steps]
    return [around[key] for key in keys if key in around]


def _key(passage: Passage) -> tuple[str, int]:
    return passage.document_id, passage.ordinal


def _runs(pieces: Iterable[Passage]) -> list[list[Passage]]:
    """Pieces that follow each other in one document, together and in its order."""
    runs: list[list[Passage]] = []
    for piece in sorted(pieces, key=_key):
        last = runs[-1][-1] if runs else None
        if last and (last.document_id, last.ordinal + 1) == _key(piece):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _passages(pieces: Iterable[Passage], hits: Sequence[Passage]) -> tuple[Passage, ...]:
    rank = {_key(hit): number for number, hit in enumerate(hits)}
    last = len(hits)
    best_first = [(min(run, key=lambda p: rank.get(_key(p), last)), run) for run in _runs(pieces)]
    best_first.sort(key=lambda item: rank.get(_key(item[0]), last))
    return tuple(_joined(best, run) for best, run in best_first)


def _joined(best: Passage, run: Sequence[Passage]) -> Passage:
    """One passage with the scores of its best piece. Between chunks there is only white space in
    the document, of which the length alone is known: it is kept, so that positions hold."""
    text = run[0].text
    for before, piece in pairwise(run):
        gap = piece.start - before.end
        text += "\n".ljust(gap)[:gap] + piece.text
    parts = tuple(part for piece in run for part in piece.parts or (_whole(piece),))
    return replace(best, text=text, start=run[0].start, end=run[-1].end, parts=parts)


def _whole(piece: Passage) -> ChunkSpan:
    return ChunkSpan(piece.chunk_id, piece.start, piece.end, piece.page, piece.locator)
