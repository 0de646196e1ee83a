"""Fusion of dense and lexical search by a weighted mean of their scores.

Both scores have fixed scales, a cosine and a share of what BM25 could give, so they are added as
they are. Ranks, and scores stretched to the best and worst found, say nothing of how good the best
is: docs/decisions/2026-11-22-fusion.md has the measurements. The idea is that of Bruch, Gai and
Ingber: "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023, section 4.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.rag.retrieval.names import named_titles
from app.rag.types import StageScores

DENSE_WEIGHT = 0.8  # of a cosine, where nothing was measured with the embedder
_COHERENCE = 0.2  # weight of the better neighbour's score, after the best chunk is chosen


@dataclass(frozen=True, slots=True)
class ChunkPosition:
    """Where a chunk stands."""

    document_id: str
    ordinal: int
    title: str  # of the document
    chunks: int = 0  # of the document; 0: not known


@dataclass(frozen=True, slots=True)
class Cosine:
    """Of a question and a chunk, and what it lacks where they are in two languages."""

    value: float
    language_correction: float = 0.0


def fuse(
    dense: Mapping[int, Cosine],
    lexical: Mapping[int, float],
    positions: Mapping[int, ChunkPosition],
    *,
    dense_weight: float,
) -> dict[int, StageScores]:
    """Every stage's score of the chunks in `positions`, best first, ties by smaller id.

    `dense_weight`, 0 to 1, is the weight of the cosine; the lexical share has the rest.
    """
    scores: dict[int, StageScores] = {}
    for id_ in positions:
        cosine, share = dense.get(id_), lexical.get(id_)
        nearness = cosine.value + cosine.language_correction if cosine else 0.0
        scores[id_] = StageScores(
            dense=cosine.value if cosine else None,
            lexical=share,
            fused=dense_weight * nearness + (1 - dense_weight) * (share or 0.0),
        )
    return dict(sorted(scores.items(), key=lambda item: (-item[1].fused, item[0])))


def coherent(fused: Mapping[int, float], positions: Mapping[int, ChunkPosition]) -> list[int]:
    """The best chunk, then those that stand in good company before those that stand alone: what
    is handed over together should belong together. The only chunk of a document is its company."""
    ranked = sorted(fused, key=lambda id_: (-fused[id_], id_))
    at = {(positions[id_].document_id, positions[id_].ordinal): fused[id_] for id_ in ranked}
    least = fused[ranked[-1]] if ranked else 0.0

    def in_company(id_: int) -> float:
        place = positions[id_]
        around = ((place.document_id, place.ordinal + step) for step in (-1, 1))
        near = fused[id_] if place.chunks == 1 else max(at.get(key, least) for key in around)
        return fused[id_] + _COHERENCE * near

    return ranked[:1] + sorted(ranked[1:], key=lambda id_: -in_company(id_))


def in_turn(
    question: str, ranked: Collection[int], positions: Mapping[int, ChunkPosition]
) -> list[int]:
    """Where the question names several documents, their chunks come next to the best one, one of
    each in turn; otherwise `ranked` as it is."""
    titles = named_titles(question, {positions[id_].title for id_ in ranked})
    if len(titles) < 2:
        return list(ranked)
    turns: dict[str, int] = dict.fromkeys(titles, 0)
    keys: dict[int, tuple[int, int]] = {}
    for position, id_ in enumerate(ranked):
        title = positions[id_].title
        if title in turns:
            keys[id_] = (turns[title], position)
            turns[title] += 1
        else:
            keys[id_] = (len(ranked) if position else 0, position)
    return sorted(ranked, key=keys.__getitem__)
