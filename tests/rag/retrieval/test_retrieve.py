from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from app.rag.language import language_of
from app.rag.retrieval.fuse import ChunkPosition
from app.rag.retrieval.retrieve import Retriever
from app.rag.types import Passage, Scope
from ingest.embedding.embedder import Embedder, Vectors
from ingest.embedding.hashing import HashingEmbedder
from tests.rag.passages import passage
from vectorstore.exact import ExactStore
from vectorstore.protocol import Match

Texts = Mapping[int, str]

TEXTS: Texts = {1: "年假为每年十五天。", 2: "病假每年十天。", 3: "差旅费用三十天内报销。"}


def retriever(
    present: Collection[int] | None = None,
    candidates: int = 100,
    texts: Texts = TEXTS,
    embedder: Embedder | None = None,
) -> Retriever:
    """Each text is a document of its own."""
    embedder = embedder or HashingEmbedder()
    store = ExactStore(embedder.dim)
    store.upsert(list(texts), embedder.embed(list(texts.values()), kind="document"))

    def dense(vector: Vectors, k: int, scope: Scope, only: Collection[int] | None) -> list[Match]:
        return store.search(vector, k, only)[0]

    def lexical(query: str, k: int, scope: Scope) -> list[Match]:
        hits = [(sum(c in text for c in query) / 20, id_) for id_, text in texts.items()]
        return [Match(id_, n) for n, id_ in sorted(hits, key=lambda h: (-h[0], h[1])) if n][:k]

    def locate(ids: Collection[int], scope: Scope) -> dict[int, ChunkPosition]:
        return {
            id_: ChunkPosition(f"d{id_}", 0, "") for id_ in ids if present is None or id_ in present
        }

    def hydrate(keys: Collection[tuple[str, int]]) -> list[Passage]:
        ids = [int(document_id[1:]) for document_id, ordinal in keys if ordinal == 0]
        return [passage(texts[id_], id_) for id_ in ids]

    def count(scope: Scope) -> int:
        return len(texts)

    return Retriever(embedder, dense, lexical, locate, hydrate, count, candidates=candidates)


def test_both_searches_are_fused_and_every_stage_is_told() -> None:
    found = retriever().retrieve("病假有几天", Scope(("b",)), 2)
    first = found.passages[0]
    assert (first.chunk_id, len(found.passages)) == (2, 2)
    assert first.trace.dense is not None and first.trace.lexical is not None
    assert first.score == first.trace.fused
    expected = 0.8 * first.trace.dense + 0.2 * first.trace.lexical
    assert first.score == pytest.approx(expected)
    assert set(found.timings_ms) == {"embed", "dense", "lexical", "complete", "fuse", "hydrate"}


def test_what_only_words_found_gets_its_cosine_too() -> None:
    found = retriever(candidates=1).retrieve("病假有几天，差旅费用报销", Scope(("b",)), 3)
    assert all(hit.trace.dense is not None for hit in found.hits)


def test_what_was_deleted_meanwhile_makes_room_for_the_next() -> None:
    found = retriever(present=(1, 3)).retrieve("病假有几天", Scope(("b",)), 2)
    assert {p.chunk_id for p in found.passages} == {1, 3}


def test_a_follow_up_is_searched_with_the_question_before_it() -> None:
    alone = retriever().retrieve("要多久？", Scope(("b",)), 1).passages[0].chunk_id
    with_context = (
        retriever().retrieve("要多久？", Scope(("b",)), 1, context="差旅报销").passages[0]
    )
    assert with_context.chunk_id == 3 != alone


def test_language() -> None:
    assert language_of("How long?") == "en"
    assert language_of("SLA 是什么") == "zh"


@pytest.mark.parametrize("question", ["五月三日谁值班？", "5月3日谁值班？"])
def test_a_date_finds_what_has_it_in_the_other_form(question: str) -> None:
    texts = {1: "时间：5月3日。李明。", 2: "时间：五月四日。王芳。", 3: "时间：6月3日。张伟。"}
    assert retriever(texts=texts).retrieve(question, Scope(("b",)), 1).passages[0].chunk_id == 1


def test_what_follows_the_neighbours_is_known_too() -> None:
    """It tells whether a table that came along ends there."""
    asked = retriever()
    keys: set[tuple[str, int]] = set()

    def hydrate(wanted: Collection[tuple[str, int]]) -> list[Passage]:
        keys.update(wanted)
        return asked.hydrate(wanted)

    found = replace(asked, hydrate=hydrate).retrieve("病假有几天", Scope(("b",)), 1)
    best = found.hits[0].document_id
    assert {ordinal for document_id, ordinal in keys if document_id == best} == {-1, 0, 1, 2}
