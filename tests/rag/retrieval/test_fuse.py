import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rag.retrieval.fuse import ChunkPosition, Cosine, coherent, fuse, in_turn
from app.rag.retrieval.names import named_titles

APART = {id_: ChunkPosition(f"d{id_}", 0, f"title {id_}") for id_ in range(30)}
SCORES = st.dictionaries(st.integers(0, 29), st.floats(0, 1), max_size=20)


def test_the_fused_score_is_the_weighted_mean() -> None:
    positions = {1: APART[1], 2: APART[2]}
    fused = fuse({1: Cosine(0.9), 2: Cosine(0.8)}, {2: 0.5}, positions, dense_weight=0.75)
    assert list(fused) == [2, 1]
    assert fused[2].fused == pytest.approx(0.75 * 0.8 + 0.25 * 0.5)
    assert fused[1].fused == pytest.approx(0.75 * 0.9)
    assert fused[1].lexical is None


def test_what_a_cosine_lacks_for_another_language_counts_and_is_not_told_as_cosine() -> None:
    positions = {1: APART[1], 2: APART[2]}
    fused = fuse(
        {1: Cosine(0.9), 2: Cosine(0.85, language_correction=0.1)}, {}, positions, dense_weight=0.8
    )
    assert list(fused) == [2, 1]
    assert fused[2].fused == pytest.approx(0.8 * 0.95)
    assert fused[2].dense == 0.85


@given(SCORES, SCORES, st.floats(0, 1))
def test_one_that_is_better_in_both_is_never_ranked_lower(
    dense: dict[int, float], lexical: dict[int, float], weight: float
) -> None:
    positions = {id_: APART[id_] for id_ in dense.keys() | lexical.keys()}
    cosines = {id_: Cosine(value) for id_, value in dense.items()}
    fused = fuse(cosines, lexical, positions, dense_weight=weight)
    assert set(fused) == set(positions)
    ordered = list(fused)
    for position, better in enumerate(ordered):
        for worse in ordered[position + 1 :]:
            dominates = (
                dense.get(worse, 0) >= dense.get(better, 0) + 1e-6
                and lexical.get(worse, 0) >= lexical.get(better, 0) + 1e-6
            )
            assert not dominates


def test_titles_that_a_question_holds_are_named() -> None:
    titles = ["创新科技有限公司", "未来科技有限公司", "绿源环保有限公司", "员工手册2024"]
    asked = "创新科技和绿源环保有限公司谁更早分红？"
    assert set(named_titles(asked, titles)) == {"创新科技有限公司", "绿源环保有限公司"}
    assert named_titles("有限公司怎么注册？", titles) == []
    assert named_titles("员工手册2024里年假几天", titles) == ["员工手册2024"]
    assert named_titles("anything", []) == []


def test_documents_that_are_compared_take_turns() -> None:
    positions = {
        **{id_: ChunkPosition("a", id_, "创新科技") for id_ in (1, 2, 3)},
        **{id_: ChunkPosition("b", id_, "绿源环保") for id_ in (4, 5)},
        6: ChunkPosition("c", 6, "其他文件"),
    }
    ranked = [1, 2, 6, 3, 4, 5]
    assert in_turn("创新科技和绿源环保谁更早分红？", ranked, positions) == [1, 4, 2, 5, 3, 6]
    assert in_turn("创新科技何时分红？", ranked, positions) == ranked
    # what fits best stays the best, whatever is named
    asked = "创新科技和绿源环保谁更早分红？"
    assert in_turn(asked, [6, 1, 2, 4], positions) == [6, 1, 4, 2]


def test_after_the_best_those_in_good_company_come_first() -> None:
    positions = {
        1: ChunkPosition("a", 0, ""),
        2: ChunkPosition("b", 0, ""),
        3: ChunkPosition("c", 0, ""),
        4: ChunkPosition("c", 1, ""),
    }
    fused = {1: 0.9, 2: 0.719, 3: 0.7, 4: 0.8}
    # 2 stands alone; 3 is beside 4
    assert coherent(fused, positions) == [1, 4, 3, 2]
    # unless it is all there is of its document
    assert coherent(fused, positions | {2: ChunkPosition("b", 0, "", chunks=1)}) == [1, 4, 2, 3]
    assert coherent({}, {}) == []
