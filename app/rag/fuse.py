"""Fusion of dense and lexical search by a weighted mean of their scores.

Both scores have fixed scales, a cosine and a share of what BM25 could give, so they are added as
they are. Ranks, and scores stretched to the best and worst found, say nothing of how good the best
is: docs/decisions/2026-11-22-fusion.md has the measurements. The idea is that of Bruch, Gai and
Ingber: "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023, section 4.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.rag.names import named_titles
from app.rag.types import StageScores

# What surrounds a chunk is part of what it is about: of its words, and after the best chunk is
# chosen, of its whole score.
_NEIGHBOUR_WEIGHT = 0.3
_COHERENCE = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk stands."""

    document_id: str
    ordinal: int
    title: str  # of the document


def with_neighbours(
    scores: Mapping[int, float], places: Mapping[int, Place], weight: float, missing: float
) -> dict[int, float]:
    """For every one of `places` the weighted mean of its score and of its better neighbour's.

    `missing` is the score of what has none; a chunk without any neighbour keeps its own.
    """
    at = {(place.document_id, place.ordinal): id_ for id_, place in places.items()}
    found: dict[int, float] = {}
    for id_, place in places.items():
        beside = (at.get((place.document_id, place.ordinal + step)) for step in (-1, 1))
        own = scores.get(id_, missing)
        near = [scores.get(other, missing) for other in beside if other is not None]
        found[id_] = (own + weight * max(near, default=own)) / (1 + weight)
    return found


def fuse(
    dense: Mapping[int, float],
    lexical: Mapping[int, float],
    places: Mapping[int, Place],
    *,
    dense_weight: float,
) -> dict[int, StageScores]:
    """Every stage's score of the chunks in `places`, best first, ties by smaller id.

    `dense_weight`, 0 to 1, is the weight of the cosine; the lexical share has the rest.
    """
    around = with_neighbours(lexical, places, _NEIGHBOUR_WEIGHT, 0.0)
    scores = {
        id_: StageScores(
            dense=dense.get(id_),
            lexical=lexical.get(id_),
            fused=dense_weight * dense.get(id_, 0.0) + (1 - dense_weight) * around[id_],
        )
        for id_ in places
    }
    return dict(sorted(scores.items(), key=lambda item: (-item[1].fused, item[0])))


def coherent(fused: Mapping[int, float], places: Mapping[int, Place]) -> list[int]:
    """The best chunk, then those that stand in good company before those that stand alone: what
    is handed over together should belong together."""
    ranked = sorted(fused, key=lambda id_: (-fused[id_], id_))
    company = with_neighbours(fused, places, _COHERENCE, min(fused.values(), default=0.0))
    return ranked[:1] + sorted(ranked[1:], key=lambda id_: -company[id_])


def in_turn(question: str, ranked: Collection[int], places: Mapping[int, Place]) -> list[int]:
    """Where the question names several documents, their chunks come first, one of each in turn;
    otherwise `ranked` as it is."""
    titles = named_titles(question, {places[id_].title for id_ in ranked})
    if len(titles) < 2:
        return list(ranked)
    turns: dict[str, int] = dict.fromkeys(titles, 0)
    keys: dict[int, tuple[int, int]] = {}
    for position, id_ in enumerate(ranked):
        title = places[id_].title
        if title in turns:
            keys[id_] = (turns[title], position)
            turns[title] += 1
        else:
            keys[id_] = (len(ranked), position)
    return sorted(ranked, key=keys.__getitem__)
