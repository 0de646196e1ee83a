"""Whether anything that was found answers the question, and what is said where nothing does."""

from dataclasses import replace

import pytest

from app.rag.language import not_found
from app.rag.retrieval.gate import Answerable
from app.rag.types import Passage, StageScores
from tests.rag.passages import passage

THRESHOLDS = Answerable({"zh": 0.69, "en": 0.64}, dense_weight=0.75)


def hit(text: str, score: float, dense: float = 0.9) -> Passage:
    return replace(passage(text), score=score, trace=StageScores(dense=dense, fused=score))


def test_confidence_is_a_half_at_the_threshold_and_grows_with_the_score() -> None:
    assert THRESHOLDS.confidence("年假？", [hit("年假", 0.69)]) == pytest.approx(0.5)
    assert THRESHOLDS.confidence("年假？", [hit("年假", 0.75)]) > 0.9
    assert THRESHOLDS.confidence("年假？", [hit("年假", 0.62)]) < 0.05
    assert THRESHOLDS.confidence("Leave?", [hit("leave", 0.66)]) > 0.5
    assert THRESHOLDS.confidence("年假？", []) == 0.0


def test_without_thresholds_every_question_is_asked() -> None:
    assert Answerable().confidence("年假？", [hit("年假", 0.1)]) == 1.0


def test_another_language_is_judged_by_meaning_alone() -> None:
    english = "Annual leave is fifteen days."
    near = [hit(english, 0.75 * 0.87, dense=0.87)]
    far = [hit(english, 0.75 * 0.78, dense=0.78)]
    assert THRESHOLDS.confidence("年假有几天？", near) > 0.5
    assert THRESHOLDS.confidence("年假有几天？", far) < 0.5


def test_among_few_chunks_words_tell_nothing() -> None:
    near = [hit("设备科电话是内线 4417。", 0.67, dense=0.88)]
    far = [hit("年假有十五天。", 0.6, dense=0.78)]
    assert THRESHOLDS.confidence("设备科的电话？", near) < 0.5
    assert THRESHOLDS.confidence("设备科的电话？", near, small_corpus=True) > 0.5
    assert THRESHOLDS.confidence("火星分部在哪？", far, small_corpus=True) < 0.5


def test_not_found_offers_the_nearest_in_the_questions_language() -> None:
    assert "最接近的文件：手册.md、制度.md。" in not_found(
        "年假？", ["手册.md", "制度.md", "手册.md"]
    )
    assert "Nearest: a.md. " in not_found("Leave?", ["a.md"])
    assert "Nearest" not in not_found("Leave?", [])
