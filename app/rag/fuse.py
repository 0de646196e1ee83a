"""Reciprocal rank fusion."""

from collections.abc import Sequence


def reciprocal_rank_fusion(rankings: Sequence[Sequence[int]], *, k: int) -> dict[int, float]:
    """Score of each id: the sum of 1 / (k + rank) over the rankings that hold it, ranks from 1.

    Best first, ties by smaller id. Cormack, Clarke, Büttcher: "Reciprocal Rank Fusion outperforms
    Condorcet and individual Rank Learning Methods", SIGIR 2009.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, id_ in enumerate(ranking, start=1):
            scores[id_] = scores.get(id_, 0.0) + 1.0 / (k + rank)
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))
