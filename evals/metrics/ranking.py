"""Ranking metrics, computed by `ir-measures`."""

from collections.abc import Mapping, Sequence

from evals.runs import Scores

MEASURES = ("R@1", "R@5", "nDCG@10", "RR")


def document_scores(
    gold: Mapping[str, Sequence[str]], ranked: Mapping[str, Sequence[str]]
) -> dict[str, Scores]:
    """Per question: recall at 1 and 5, nDCG@10 and reciprocal rank.

    `gold[qid]`: correct documents; `ranked[qid]`: those found, best first, without duplicates.
    """
    from ir_measures import Qrel, ScoredDoc, iter_calc, parse_measure

    qrels = [Qrel(qid, document, 1) for qid, right in gold.items() for document in right]
    found = [
        ScoredDoc(qid, document, -float(rank))
        for qid, documents in ranked.items()
        for rank, document in enumerate(documents)
    ]
    scores: dict[str, Scores] = {qid: dict.fromkeys(MEASURES, 0.0) for qid in gold}
    for value in iter_calc([parse_measure(name) for name in MEASURES], qrels, found):
        scores[value.query_id][str(value.measure)] = value.value
    return scores


def first_seen(items: Sequence[str]) -> list[str]:
    """Removes duplicates, keeping the first: chunks of a document collapse to the best one."""
    return list(dict.fromkeys(items))


def reciprocal_rank_fusion(rankings: Sequence[Sequence[int]], k: int = 60) -> list[int]:
    """Reciprocal rank fusion, the baseline for fused search.

    Score: the sum of 1 / (k + rank), ranks from 1 (Cormack, Clarke, Büttcher, SIGIR 2009).
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, id_ in enumerate(ranking, start=1):
            scores[id_] = scores.get(id_, 0.0) + 1.0 / (k + rank)
    return sorted(scores, key=lambda id_: (-scores[id_], id_))
