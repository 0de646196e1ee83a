from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.rag.fuse import reciprocal_rank_fusion
from app.rag.language import language_of
from app.rag.retrieve import Retriever
from app.rag.types import Passage
from ingest.embedder import Vectors
from ingest.hashing import HashingEmbedder
from tests.rag.passages import passage
from vectorstore.exact import ExactStore
from vectorstore.protocol import Match

TEXTS = {1: "年假为每年十五天。", 2: "病假每年十天。", 3: "差旅费用三十天内报销。"}


def retriever(present: Sequence[int] = (1, 2, 3)) -> Retriever:
    embedder = HashingEmbedder()
    store = ExactStore(embedder.dim)
    store.upsert(list(TEXTS), embedder.embed(list(TEXTS.values()), kind="document"))

    def dense(vector: Vectors, k: int, base_ids: Sequence[str]) -> list[Match]:
        return store.search(vector, k)[0]

    def lexical(query: str, k: int, base_ids: Sequence[str]) -> list[Match]:
        hits = [(sum(c in text for c in query), id_) for id_, text in TEXTS.items()]
        return [Match(id_, float(n)) for n, id_ in sorted(hits, key=lambda h: (-h[0], h[1])) if n]

    def hydrate(ids: Sequence[int]) -> dict[int, Passage]:
        return {id_: passage(TEXTS[id_], id_) for id_ in ids if id_ in present}

    return Retriever(embedder, dense, lexical, hydrate)


def test_both_searches_are_fused_and_every_stage_is_told() -> None:
    found = retriever().retrieve("病假有几天", ["b"], 2)
    first = found.passages[0]
    assert (first.chunk_id, len(found.passages)) == (2, 2)
    assert first.trace.dense is not None and first.trace.lexical is not None
    assert first.score == first.trace.fused == 2 / 61
    assert set(found.timings_ms) == {"embed", "dense", "lexical", "fuse", "hydrate"}


def test_what_was_deleted_meanwhile_makes_room_for_the_next() -> None:
    found = retriever(present=(1, 3)).retrieve("病假有几天", ["b"], 2)
    assert {p.chunk_id for p in found.passages} == {1, 3}


def test_a_follow_up_is_searched_with_the_question_before_it() -> None:
    alone = retriever().retrieve("要多久？", ["b"], 1).passages[0].chunk_id
    with_context = retriever().retrieve("要多久？", ["b"], 1, context="差旅报销").passages[0]
    assert with_context.chunk_id == 3 != alone


def test_reciprocal_rank_fusion_after_the_paper() -> None:
    scores = reciprocal_rank_fusion([[1, 2, 3], [3, 1]], k=60)
    assert list(scores) == [1, 3, 2]
    np.testing.assert_allclose(scores[1], 1 / 61 + 1 / 62)
    np.testing.assert_allclose(scores[2], 1 / 62)


@given(st.lists(st.lists(st.integers(0, 30), unique=True), max_size=4))
def test_fusion_keeps_every_id_once_and_never_ranks_a_dominated_one_higher(
    rankings: list[list[int]],
) -> None:
    scores = reciprocal_rank_fusion(rankings, k=60)
    assert set(scores) == {id_ for ranking in rankings for id_ in ranking}
    ordered = list(scores)
    for better in ordered:
        for worse in ordered:
            dominates = all(
                better in r and (worse not in r or r.index(better) < r.index(worse))
                for r in rankings
                if worse in r
            )
            if better != worse and dominates:
                assert scores[better] > scores[worse]


def test_language() -> None:
    assert language_of("年假 policy") == "zh"
    assert language_of("What is the policy?") == "en"
