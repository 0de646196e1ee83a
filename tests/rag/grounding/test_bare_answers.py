"""Answers of a few words, judged by what their question asks; differences between languages."""

from dataclasses import replace

import pytest

from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.grounding.facts.polarity import opposed_across
from app.rag.types import Check
from tests.rag.passages import passage

REPORT = passage(
    "公司的营业收入为20亿元人民币。营业收入受市场需求的影响。公司的总资产为30亿元人民币。"
    "总资产受收购的影响。公司的总负债为10亿元人民币。总负债受新债的影响。董事会于2020年2月变更。"
    "股东大会于2020年1月召开。"
)


def verdict(question: str, answer: str) -> Check:
    (check,) = EmbeddedChecker().check(question, answer, [REPORT])
    return check


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("公司的总资产是多少？", "30亿元人民币。", "supported"),
        ("公司的总负债是多少？", "30亿元人民币。", "contradicted"),
        ("董事会什么时候变更？", "2020年2月。", "supported"),
        ("股东大会什么时候召开？", "2020年2月。", "contradicted"),
        ("食堂的早餐几点供应？", "30亿元人民币。", "unsupported"),
    ],
)
def test_a_bare_answer_is_of_what_was_asked(question: str, answer: str, expected: str) -> None:
    assert verdict(question, answer).verdict == expected


def test_half_words_of_a_question_do_not_count() -> None:
    (check,) = EmbeddedChecker().check(
        "年假共几天？", "年假为每年十五天。", [passage("年假为每年十五天。")]
    )
    assert check.verdict == "supported", "假共 stands in no source"


def test_the_sentence_that_is_meant_contradicts_it() -> None:
    (source,) = verdict("公司的总负债是多少？", "30亿元人民币。").sources
    assert source.text == "公司的总负债为10亿元人民币。"


def test_an_answer_that_says_what_it_is_of_needs_no_question() -> None:
    assert verdict("公司怎么样？", "公司的总资产为30亿元人民币。").verdict == "supported"


def test_a_year_behind_a_comma_is_a_year() -> None:
    source = [passage("1884年生于维也纳，1907年移居檀香山，并在此成为植物群落专家。")]
    (check,) = EmbeddedChecker().check("他哪一年移居？", "1907年移居檀香山", source)
    assert check.verdict == "supported"


def test_one_word_is_a_statement_where_it_is_all_that_is_answered() -> None:
    source = [passage("The Olympic Games of 2008 were held in Beijing. Shops close at noon.")]
    question = "Which city held the Olympic Games in 2008?"
    (check,) = EmbeddedChecker().check(question, "Beijing", source)
    assert [c.text for c in check.sources] == ["The Olympic Games of 2008 were held in Beijing."]
    (check,) = EmbeddedChecker().check("", "Beijing", source)
    assert check.verdict == "no_statement"


def test_an_organisation_that_no_source_knows_is_not_supported() -> None:
    source = [passage("蓝河教育有限公司成立于2005年3月15日。")]
    for name, expected in (("蓝河教育", "supported"), ("青山制药", "contradicted")):
        (check,) = EmbeddedChecker().check("", f"{name}有限公司成立于2005年3月15日。", source)
        assert check.verdict == expected


@pytest.mark.parametrize(
    ("sentence", "other", "expected"),
    [
        ("宠物可以进入餐厅。", "pets are not allowed in the restaurant.", True),
        ("宠物不得进入餐厅。", "pets are not allowed in the restaurant.", False),
        ("the board approved the plan.", "董事会否决了计划。", True),
        ("flights shorter than six hours: economy class.", "不到 6 小时的航班乘坐经济舱。", False),
        ("turn it off after use.", "使用后关闭，未关闭的通报批评。", False),
    ],
)
def test_denials_are_told_across_languages(sentence: str, other: str, expected: bool) -> None:
    assert opposed_across(sentence, other) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("1999.", "supported"),
        ("1998.", "unsupported"),
        ("**1999**", "supported"),
        ("**1998**", "unsupported"),
    ],
)
def test_a_bare_number_is_judged_however_it_is_set(answer: str, expected: str) -> None:
    source = [passage("The company was founded in 1999. It has three plants.")]
    (check,) = EmbeddedChecker().check("When was the company founded?", answer, source)
    assert (check.verdict == "supported") is (expected == "supported")


def test_a_character_that_two_words_share_says_nothing() -> None:
    minutes = passage("会议纪要\n\n时间：2026年3月12日\n\n决议：新厂房于 2026-09-30 前竣工。")
    (held,) = EmbeddedChecker().check("会议是哪天开的？", "2026年3月12日", [minutes])
    (built,) = EmbeddedChecker().check("新厂房哪天前竣工？", "2026年3月12日", [minutes])
    assert (held.verdict, built.verdict) == ("supported", "contradicted")


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("工作满十年的员工年假有几天？", "15 天", "supported"),
        ("工作满二十年的员工年假有几天？", "15 天（满 10 年，年假天数）", "supported"),
        ("员工请年假要提前几个工作日？", "15 天", "contradicted"),
    ],
)
def test_what_the_question_states_or_the_answer_says_beside_it_tells_which_number_is_meant(
    question: str, answer: str, expected: str
) -> None:
    text = (
        "年假按司龄计算：\n\n| 司龄 | 年假天数 |\n| 满 5 年不满 10 年 | 12 天 |\n"
        "| 满 10 年 | 15 天 |\n\n员工申请 3 天及以内的年假，应提前 2 个工作日提出。"
    )
    handbook = replace(passage(text), title="员工手册", headings=("员工手册", "3.1 年假"))
    (check,) = EmbeddedChecker().check(question, answer, [handbook])
    assert check.verdict == expected


@pytest.mark.parametrize(
    ("question", "expected"), [("年假一年几天？", "supported"), ("育儿假一年几天？", "unsupported")]
)
def test_a_period_in_the_question_is_not_what_it_asks_about(question: str, expected: str) -> None:
    source = [passage("入职满一年的员工每年有五天年假。")]
    (check,) = EmbeddedChecker().check(question, "五天年假。", source)
    assert check.verdict == expected


@pytest.mark.parametrize(
    ("question", "answer", "shown"),
    [
        ("事假最多几天？", "15 天", "事假为无薪假"),
        ("年假最多几天？", "15 天", "满 20 年"),
        ("多久更换润滑油？", "每 2000 小时", "每运行 2000"),
        ("环境温度？", "5 到 40 摄氏度之间", "环境温度"),
    ],
)
def test_of_the_sentences_with_its_number_the_one_that_is_asked_about_is_shown(
    question: str, answer: str, shown: str
) -> None:
    source = passage(
        "满 20 年的，年假 15 天。\n事假为无薪假，全年累计不得超过 15 天。\n"
        "每运行 2000 小时更换润滑油，每 4000 小时更换分离器。\n环境温度应为 5～40 ℃。"
    )
    (check,) = EmbeddedChecker().check(question, answer, [source])
    assert check.verdict == "supported"
    assert check.sources[0].text.startswith(shown)


@pytest.mark.parametrize(
    ("question", "answer"),
    [("多久更换润滑油？", "每 4000 小时"), ("分离器多久更换？", "2000 小时")],
)
def test_the_other_number_of_the_sentence_is_not_what_was_asked(question: str, answer: str) -> None:
    source = passage("每运行 2000 小时更换润滑油，每 4000 小时更换分离器。")
    (check,) = EmbeddedChecker().check(question, answer, [source])
    assert check.verdict == "contradicted"


@pytest.mark.parametrize(
    ("answer", "expected"), [("11000 转", "supported"), ("6500 转", "contradicted")]
)
def test_a_part_number_is_what_a_question_asks_about(answer: str, expected: str) -> None:
    parts = passage("DK-408R：四刃，最高转速 6500 转。\nDK-408L：三刃，最高转速 11000 转。")
    (check,) = EmbeddedChecker().check("dk-408l 最快能开到多少？", answer, [parts])
    assert check.verdict == expected
