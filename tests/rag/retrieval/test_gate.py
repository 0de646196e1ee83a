"""Whether anything that was found answers the question, and what is said where nothing does."""

from dataclasses import replace

import pytest

from app.rag.language import not_found
from app.rag.retrieval.gate import Answerable
from app.rag.types import Passage, StageScores
from tests.rag.passages import passage

THRESHOLDS = Answerable({"zh": 0.75, "en": 0.65}, dense_weight=0.75)


def hit(text: str, dense: float, lexical: float = 0.0) -> Passage:
    return replace(passage(text), trace=StageScores(dense=dense, lexical=lexical))


def test_confidence_is_a_half_at_the_threshold_and_grows_with_the_score() -> None:
    # .75 · .8 + .25 · .6
    assert THRESHOLDS.confidence("年假？", [hit("年假", 0.8, 0.6)]) == pytest.approx(0.5)
    assert THRESHOLDS.confidence("年假？", [hit("年假", 0.9, 0.6)]) > 0.9
    assert THRESHOLDS.confidence("年假？", [hit("年假", 0.7, 0.6)]) < 0.05
    assert THRESHOLDS.confidence("Leave?", [hit("leave", 0.74, 0.4)]) > 0.5
    assert THRESHOLDS.confidence("年假？", []) == 0.0


def test_where_no_word_is_rare_a_plain_share_of_the_words_counts() -> None:
    asked = "公司的年假一共有多少天？"
    assert THRESHOLDS.confidence(asked, [hit("公司年假一共十天。", 0.9)]) > 0.5
    assert THRESHOLDS.confidence(asked, [hit("食堂在一楼。", 0.9)]) < 0.5
    titled = replace(hit("一共十天。", 0.9), title="公司", headings=("年假",))
    assert THRESHOLDS.confidence(asked, [titled]) > 0.5


def test_the_best_of_many_has_to_be_better() -> None:
    found = [hit("年假", 0.82, 0.6)]
    few, more, many, most = (
        THRESHOLDS.confidence("年假？", found, chunks=n) for n in (5, 500, 2000, 100_000)
    )
    assert few > 0.5 > more > many == most


def test_without_thresholds_every_question_is_asked() -> None:
    assert Answerable().confidence("年假？", [hit("年假", 0.1)]) == 1.0


def test_another_language_is_judged_by_meaning_alone() -> None:
    english = "Annual leave is fifteen days."
    assert THRESHOLDS.confidence("年假有几天？", [hit(english, 0.86)]) > 0.5
    assert THRESHOLDS.confidence("年假有几天？", [hit(english, 0.8)]) < 0.5


def test_not_found_offers_the_nearest_in_the_questions_language() -> None:
    assert "最接近的文件：手册.md、制度.md。" in not_found(
        "年假？", ["手册.md", "制度.md", "手册.md"]
    )
    assert "Nearest: a.md. " in not_found("Leave?", ["a.md"])
    assert "Nearest" not in not_found("Leave?", [])


def test_another_name_than_asked_for_is_refused_only_where_there_are_thresholds() -> None:
    asked, found = "DV-310-C 的压力是多少？", [hit("DV-310-A 的压力为 1.6 MPa。", 0.95, 0.9)]
    assert THRESHOLDS.confidence(asked, found) == 0.0
    assert Answerable().confidence(asked, found) == 1.0
