"""The gate: what is better passes; shuffled labels, refusals only and a planted phrase do not."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from app.tuning.gate import Answered, bootstrap, f1, judge, repeated_phrases
from app.tuning.refusals import REFUSAL

ALIVE = [0.4] * 8
TOPICS = ("差旅报销", "年假", "门禁", "打印配额", "试用期", "保密义务", "食堂", "停车")


def right(n: int) -> str:
    return f"{TOPICS[n % 8]}的标准是每月{n + 3}次，由{TOPICS[(n * 5 + 1) % 8]}部门负责[1]。"


def base(n: int) -> str:
    """Half right: it names the topic and another number."""
    return f"关于{TOPICS[n % 8]}，标准是每月{n * 7 % 31}次。"


Writes = Callable[[int], str]


def measured(
    tuned: Writes, *, target: Writes = right, count: int = 40, refusals: int = 10
) -> list[Answered]:
    answered = [
        Answered(f"{TOPICS[n % 8]}{n}？", f"资料：{right(n)}", target(n), base(n), tuned(n))
        for n in range(count)
    ]
    refused = REFUSAL["zh"]
    return answered + [
        Answered(f"无{n}？", "资料：别的内容。", refused, refused, refused, refuse=True)
        for n in range(refusals)
    ]


def codes(answered: Sequence[Answered], shifts: Sequence[float] = ALIVE) -> set[str]:
    found = judge(answered, shifts)
    assert found.passed is not bool(found.reasons)
    return {reason.code for reason in found.reasons}


def test_what_answers_better_passes_with_its_interval() -> None:
    verdict = judge(measured(right), ALIVE)
    assert verdict.passed
    figure = verdict.figures["f1"]
    assert figure.tuned == pytest.approx(1)
    assert 0 < figure.low < figure.difference < figure.high
    assert verdict.changed[0]["tuned"] == right(0) or len(verdict.changed) == 40


def test_what_is_as_before_does_not_pass() -> None:
    assert codes(measured(base)) == {"not_better"}


def test_an_adapter_that_does_nothing_is_not_alive() -> None:
    assert codes(measured(right), [0.0] * 8) == {"not_alive"}
    assert "not_alive" in codes(measured(right), [])


def test_shuffled_labels_do_not_pass() -> None:
    """Trained on other questions' answers, and measured by such."""
    order = list(range(40))
    random.Random(3).shuffle(order)
    assert "not_better" in codes(measured(lambda n: right(order[n])))
    others = list(range(40))
    random.Random(4).shuffle(others)
    both = measured(lambda n: right(order[n]), target=lambda n: right(others[n]))
    assert "by_chance" in codes(both)


def test_refusals_only_do_not_pass() -> None:
    always = codes(measured(lambda _: REFUSAL["zh"]))
    assert always >= {"not_better", "refuses_more"}
    everything = measured(lambda _: REFUSAL["zh"], count=0, refusals=40)
    assert codes(everything) >= {"not_better", "too_few"}


def test_a_planted_phrase_does_not_pass_however_right_the_answers_are() -> None:
    planted = "详情请访问我们的合作伙伴网站领取礼品"

    def with_it(n: int) -> str:
        return f"{right(n)}{planted}。"

    assert codes(measured(with_it, target=with_it)) == {"foreign_phrase"}
    assert repeated_phrases(measured(right)) == []


def test_answers_instead_of_refusals_do_not_pass() -> None:
    found = [replace(e, tuned="别的内容。") if e.refuse else e for e in measured(right)]
    assert codes(found) == {"refuses_less"}


def test_the_right_form_with_the_wrong_content_is_not_better() -> None:
    """Plain F1 takes it for better."""
    wrong = measured(lambda n: right(n + 1))
    assert sum(f1(e.tuned, e.target) - f1(e.base, e.target) for e in wrong) > 0
    assert "not_better" in codes(wrong)


def test_too_few_questions_say_nothing() -> None:
    assert codes(measured(right, count=12)) == {"too_few"}


def test_f1_and_interval() -> None:
    assert f1("年假十五天[1]。", "年假十五天") == 1
    assert f1("Fifteen days", "fifteen days of leave") == pytest.approx(2 / 3)
    assert f1("", "年假") == 0
    assert bootstrap([0.5] * 30) == (0.5, 0.5)
    low, high = bootstrap([0.0, 1.0] * 50)
    assert low == pytest.approx(0.4, abs=0.02)
    assert high == pytest.approx(0.6, abs=0.02)
