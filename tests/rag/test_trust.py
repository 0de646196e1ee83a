"""Confidence, sentences that nothing supports, numbers, and sources that disagree."""

from dataclasses import replace

import pytest

from app.rag.grounding.cite import Citer
from app.rag.grounding.numbers import numerals_as_digits
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


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("三年", "3年"),
        ("十五天", "15天"),
        ("二〇二四年", "2024年"),
        ("一百二十三人", "123人"),
        ("三千五百万元", "35000000元"),
        ("两亿零三万", "200030000"),
        ("百分之五", "5%"),
        ("十万", "100000"),
        ("两万亿", "2000000000000"),
        ("亿" * 5000, "亿" * 5000),
        ("〇" * 5000, "〇" * 5000),
        ("没有数字", "没有数字"),
    ],
)
def test_chinese_numerals_as_digits(text: str, digits: str) -> None:
    assert numerals_as_digits(text) == digits


def noted(answer: str, *sources: Passage) -> list[tuple[str, str]]:
    citer = Citer(sources)
    shown = citer.feed(answer) + citer.finish()
    return [(shown[u.start : u.end], u.reason) for u in citer.unsupported]


SOURCE = passage("入职满三年的员工每年有十五天年假。申请须提前两周提交。", 1)


def test_a_sentence_that_no_source_holds_is_noted_where_it_stands() -> None:
    answer = "入职满三年的员工每年有十五天年假。火星分部设在北极冰盖之下。申请须提前两周提交。"
    assert noted(answer, SOURCE) == [("火星分部设在北极冰盖之下", "words")]


def test_a_number_that_no_source_holds_is_noted_as_such() -> None:
    assert noted("入职满三年的员工每年有 45 天年假。", SOURCE) == [
        ("入职满三年的员工每年有 45 天年假", "number")
    ]
    assert noted("入职满 3 年的员工每年有 15 天年假。", SOURCE) == []


def test_saying_that_nothing_was_found_is_no_claim() -> None:
    assert noted("资料中没有找到答案。", SOURCE) == []


def test_sources_that_say_the_same_with_other_numbers_are_set_against_each_other() -> None:
    older = passage("住宿费每晚最高报销 400 元。", 1, "报销制度2022.md")
    newer = passage("住宿费每晚最高报销 500 元。", 2, "报销制度2024.md")
    other = passage("餐费按实际金额报销，每天不超过 120 元。", 3, "餐费.md")
    citer = Citer([newer, older, other])
    citer.feed("住宿费每晚最高报销 500 元。")
    citer.finish()
    (conflict,) = citer.conflicts()
    assert (conflict.marker, conflict.other_marker) == (1, 2)
    assert "400" in conflict.other_text


def test_sources_that_agree_are_no_conflict() -> None:
    first = passage("住宿费每晚最高报销 500 元。", 1)
    second = passage("住宿费每晚最高报销 500 元。", 2)
    citer = Citer([first, second])
    citer.feed("住宿费每晚最高报销 500 元。")
    citer.finish()
    assert citer.conflicts() == []
