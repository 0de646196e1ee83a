"""Whether anything that was found answers the question, and what is said where nothing does."""

from dataclasses import replace

import pytest

from app.rag.language import not_found
from app.rag.retrieval.gate import Answerable
from app.rag.types import Passage, StageScores
from tests.rag.passages import passage

THRESHOLDS = Answerable({"zh": 0.75, "en": 0.7}, dense_weight=0.75)


def hit(text: str, dense: float = 0.9) -> Passage:
    return replace(passage(text), trace=StageScores(dense=dense))


def test_confidence_is_a_half_at_the_threshold_and_grows_with_both_scores() -> None:
    # all of the question's words, or none of them
    assert THRESHOLDS.confidence("年假？", [hit("年假", 2 / 3)]) == pytest.approx(0.5)
    assert THRESHOLDS.confidence("年假？", [hit("年假", 0.75)]) > 0.9
    assert THRESHOLDS.confidence("年假？", [hit("食堂", 0.95)]) < 0.1
    assert THRESHOLDS.confidence("Leave?", [hit("leave", 0.65)]) > 0.5
    assert THRESHOLDS.confidence("年假？", []) == 0.0


def test_what_only_asks_counts_for_nothing() -> None:
    asked = "公司的年假一共有多少天？"
    assert THRESHOLDS.confidence(asked, [hit("公司年假一共十天。", 0.7)]) > 0.5


def test_title_and_headings_hold_words_of_the_question_too() -> None:
    bare = hit("每人十五天。", 0.8)
    titled = replace(bare, title="员工手册", headings=("年假",))
    assert THRESHOLDS.confidence("年假有几天？", [bare]) < 0.5
    assert THRESHOLDS.confidence("年假有几天？", [titled]) > 0.5


def test_without_thresholds_every_question_is_asked() -> None:
    assert Answerable().confidence("年假？", [hit("年假", 0.1)]) == 1.0


def test_another_language_is_judged_by_meaning_alone() -> None:
    english = "Annual leave is fifteen days."
    assert THRESHOLDS.confidence("年假有几天？", [hit(english, 0.9)]) > 0.5
    assert THRESHOLDS.confidence("年假有几天？", [hit(english, 0.83)]) < 0.5


def test_the_rarity_of_words_does_not_matter() -> None:
    """Among few chunks, or beside a foreign base, no word is rare or every word is."""
    near = [replace(hit("设备科电话是内线 4417。", 0.88), score=0.1)]
    assert THRESHOLDS.confidence("设备科的电话？", near) > 0.5


def test_not_found_offers_the_nearest_in_the_questions_language() -> None:
    assert "最接近的文件：手册.md、制度.md。" in not_found(
        "年假？", ["手册.md", "制度.md", "手册.md"]
    )
    assert "Nearest: a.md. " in not_found("Leave?", ["a.md"])
    assert "Nearest" not in not_found("Leave?", [])
