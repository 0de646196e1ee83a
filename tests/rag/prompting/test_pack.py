from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.rag.retrieval.pack import CLEAR_BY, only_the_clear_best, pack, widen
from app.rag.types import ChunkSpan, Passage
from tests.rag.passages import around, chunks_of

A = chunks_of("d1", ["甲一。", "甲二。", "甲三。", "甲四。", "甲五。"])
B = chunks_of("d2", ["乙一。", "乙二。"])


def test_a_hit_comes_with_its_neighbours_as_one_passage() -> None:
    (found,) = widen([A[2]], around(*A), 1)
    assert found.text == "甲二。\n 甲三。\n 甲四。"
    assert (found.start, found.end, found.chunk_id) == (A[1].start, A[3].end, A[2].chunk_id)
    assert [part.chunk_id for part in found.parts] == [p.chunk_id for p in A[1:4]]


def test_positions_in_a_passage_are_those_of_the_document() -> None:
    (found,) = widen([A[2]], around(*A), 1)
    for piece in A[1:4]:
        assert found.text[piece.start - found.start : piece.end - found.start] == piece.text
        assert found.part_at(piece.start + 1).page == piece.page


def test_a_chunk_over_a_page_keeps_its_parts() -> None:
    middle = A[2].start + 1
    parts = (
        ChunkSpan(A[2].chunk_id, A[2].start, middle, 3),
        ChunkSpan(A[2].chunk_id, middle, A[2].end, 4),
    )
    (found,) = widen([replace(A[2], parts=parts)], around(*A), 1)
    assert found.part_at(A[2].start).page == 3
    assert found.part_at(middle).page == found.part_at(A[3].start).page == 4


def test_hits_that_touch_are_one_passage_in_the_order_of_the_document() -> None:
    found = widen([B[0], A[3], A[1]], around(*A, *B), 3)
    assert [p.document_id for p in found] == ["d2", "d1"]
    assert found[1].start == A[0].start and found[1].end == A[4].end


def test_a_document_that_stands_clear_is_read_alone() -> None:
    best, near = replace(A[0], score=0.8), replace(A[3], score=0.5)
    other = replace(B[0], score=0.8 - CLEAR_BY)
    assert list(only_the_clear_best([best, other, near], "?")) == [best, near]
    close = replace(other, score=0.801 - CLEAR_BY)
    assert list(only_the_clear_best([best, close, near], "?")) == [best, close, near]
    assert list(only_the_clear_best([best, near], "?")) == [best, near]
    assert not only_the_clear_best([], "?")


def test_a_question_that_names_several_documents_reads_them_however_clear_one_is() -> None:
    best = replace(A[0], score=0.9, title="东方电力年报")
    other = replace(B[0], score=0.5, title="西部水务年报")
    question = "东方电力和西部水务的年报里，谁的利润高？"
    assert list(only_the_clear_best([best, other], question)) == [best, other]
    assert list(only_the_clear_best([best, other], "东方电力的利润是多少？")) == [best]


def test_a_short_budget_goes_to_hits_before_neighbours() -> None:
    found = pack([A[2], B[1]], around(*A, *B), measure=len, budget=6, max_passages=6)
    assert [p.text for p in found] == ["甲三。", "乙二。"]
    more = pack([A[2], B[1]], around(*A, *B), measure=len, budget=9, max_passages=6)
    assert [p.text for p in more] == ["甲三。\n 甲四。", "乙二。"]


def test_what_does_not_fit_is_passed_over_and_the_first_is_kept() -> None:
    long = chunks_of("d3", ["丙" * 50])[0]
    (alone,) = pack([long], around(long), measure=len, budget=6, max_passages=6)
    assert alone.text == long.text
    found = pack(
        [A[0], long, B[0]], around(*A[:1], long, *B[:1]), measure=len, budget=6, max_passages=6
    )
    assert [p.document_id for p in found] == ["d1", "d2"]


def test_no_more_passages_than_wanted() -> None:
    found = pack([A[0], B[0], A[4]], around(*A, *B), measure=len, budget=1000, max_passages=2)
    assert [p.document_id for p in found] == ["d1", "d2"]


@given(
    st.lists(st.sampled_from(A + B), unique_by=lambda p: p.chunk_id, min_size=1),
    st.integers(3, 40),
    st.integers(0, 5),
)
def test_the_budget_holds_and_nothing_comes_twice(
    hits: list[Passage], budget: int, overhead: int
) -> None:
    found = pack(
        hits, around(*A, *B), measure=len, budget=budget, overhead=overhead, max_passages=6
    )
    parts = [part.chunk_id for p in found for part in p.parts]
    assert len(parts) == len(set(parts)) >= 1
    if len(parts) > 1:
        assert 3 * len(parts) + overhead * len(found) <= budget
