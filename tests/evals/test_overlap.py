"""Worked by hand from the definitions of CMRC 2018 and SQuAD."""

import pytest

from evals.metrics.overlap import (
    cmrc_exact,
    cmrc_f1,
    cmrc_pieces,
    contains,
    longest_common_run,
    overlap,
    squad_exact,
    squad_f1,
    without_markers,
)


def test_cmrc_pieces_are_characters_and_whole_words_of_other_scripts() -> None:
    pieces = cmrc_pieces("《战国》由KOEI在2009年发行。")
    assert pieces == ["战", "国", "由", "koei", "在", "2009", "年", "发", "行"]


def test_cmrc_f1_counts_the_longest_run_and_not_scattered_characters() -> None:
    # the run 武汉大学 has 4 of 6 characters said and 4 of 4 right: P = 2/3, R = 1
    assert cmrc_f1("在武汉大学读", "武汉大学") == pytest.approx(0.8)
    # as a subsequence 3 characters would match; the longest run is 1 of 5 and 1 of 3
    assert cmrc_f1("甲一乙二丙", "甲乙丙") == pytest.approx(2 * (1 / 5) * (1 / 3) / (1 / 5 + 1 / 3))
    assert cmrc_f1("完全不同", "一二三") == 0


def test_cmrc_leaves_out_punctuation_and_case() -> None:
    assert cmrc_exact("“iPhone”，2007年！", "IPHONE 2007年".replace(" ", "")) == 1
    assert cmrc_f1("《史记》", "史记") == 1


def test_longest_common_run() -> None:
    assert longest_common_run("abcde", "xbcdy") == 3
    assert longest_common_run("", "abc") == 0


def test_squad_is_a_bag_of_words_without_articles() -> None:
    assert squad_exact("The Normans.", "normans") == 1
    # said: battle of hastings in 1066 (5), right: battle of hastings (3): P = 3/5, R = 1
    assert squad_f1("a Battle of Hastings in 1066", "the Battle of Hastings") == pytest.approx(0.75)
    # repeated words count as often as both have them
    assert squad_f1("new new york", "new york city") == pytest.approx(2 / 3)


def test_contains_looks_past_width_case_and_punctuation() -> None:
    assert contains("价格为１２０元（含税）。", "120元") == 1
    assert contains("It is the U.S. Army", "us army") == 1
    assert contains("价格为120元", "130元") == 0


def test_the_best_of_several_gold_answers_counts() -> None:
    scores = overlap("次年三月", ["三月", "次年三月"], "zh")
    assert scores == {"em": 1, "f1": 1, "contains_gold": 1}


def test_markers_are_no_part_of_an_answer() -> None:
    assert without_markers("十五天[1]，见表 [2]。【3】") == "十五天，见表。"
