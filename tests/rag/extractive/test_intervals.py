"""Ranges as tables write them, and the amounts that questions name."""

import math

import pytest

from app.rag.extractive.intervals import Interval, amounts_in, interval_of


@pytest.mark.parametrize(
    ("cell", "low", "high", "low_open", "high_open", "unit"),
    [
        ("不满 1 年", 0, 1, False, True, "年"),
        ("满三年不满五年", 3, 5, False, True, "年"),
        ("满 10 年", 10, math.inf, False, False, "年"),
        ("超过 5,000 元", 5000, math.inf, True, False, "元"),
        ("2 年（含）以上", 2, math.inf, False, False, "年"),
        ("3 天及以内", 0, 3, False, False, "天"),
        ("1000 元至 5000 元", 1000, 5000, False, False, "元"),
        ("1–3 years", 1, 3, False, False, "year"),
        ("less than 2 years", 0, 2, False, True, "year"),
        ("more than 5 but up to 10 days", 5, 10, True, False, "day"),
        ("20 kg or more", 20, math.inf, False, False, "kg"),
    ],
)
def test_a_range_is_read(
    cell: str, low: float, high: float, low_open: bool, high_open: bool, unit: str
) -> None:
    assert interval_of(cell) == Interval(low, high, low_open, high_open, unit)


@pytest.mark.parametrize(
    "cell", ["产假", "15 天", "一类：北京、上海", "3", "2026 年 1 月", "", "A–B"]
)
def test_what_is_no_range_is_none(cell: str) -> None:
    assert interval_of(cell) is None


def test_the_ends_of_a_range_belong_to_it_or_not() -> None:
    grade = Interval(3, 5, low_open=False, high_open=True, unit="年")
    assert [grade.holds(amount) for amount in (2.9, 3, 4.9, 5)] == [False, True, True, False]
    above = Interval(5, math.inf, low_open=True, high_open=False, unit="元")
    assert [above.holds(amount) for amount in (5, 5.1)] == [False, True]


@pytest.mark.parametrize(
    ("question", "unit", "amounts"),
    [
        ("入职满三年有几天年假？", "年", [3]),
        ("工作十二年和 2.5 年各有几天？", "年", [12, 2.5]),
        ("2026年有几天年假？", "年", []),
        ("报销 5,000 元要谁批？", "元", [5000]),
        ("How much leave after 3 years?", "year", [3]),
        ("How much leave after 3 yearlings?", "year", []),
    ],
)
def test_amounts_stand_before_their_unit(question: str, unit: str, amounts: list[float]) -> None:
    assert amounts_in(question, unit) == amounts
