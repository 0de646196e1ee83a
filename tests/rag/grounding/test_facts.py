"""Numbers, dates, times and identifiers are compared by what they mean."""

import pytest

from app.rag.grounding.facts.fact import comparable, facts_in, same
from app.rag.grounding.facts.numbers import numerals_as_digits


def holds(source: str, claim: str) -> bool:
    """Whether the source holds every fact of the claim, of which there is one at least."""
    theirs, mine = facts_in(source, source=True), facts_in(claim)
    assert mine
    return all(any(same(fact, other) for other in theirs) for fact in mine)


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("期限为两年", "24 months"),
        ("two years", "二十四个月"),
        ("一年半", "18 个月"),
        ("半年", "6 个月"),
        ("三月十二日", "3月12日"),
        ("3 月 12 日", "March 12"),
        ("12 March 2024", "2024-03-12"),
        ("2024年3月12日", "March 12, 2024"),
        ("1,200 万元", "12,000,000 元"),
        ("￥1200", "1,200 元"),
        ("百分之五", "5%"),
        ("５ ％", "5%"),
        ("三点五个百分点", "3.5 percentage points"),
        ("晚上八点半", "20:30"),
        ("5 pm", "17:00"),
        ("8:00", "上午八点"),
        ("half an hour", "30 分钟"),
        ("within a month", "1 month"),
        ("二分之一", "1/2"),
        ("三十日", "30 天"),
        ("0.5 km", "500 米"),
        ("型号 HG-200", "HG200"),
        ("天数 | 15", "15 天"),
        ("3 to 5 working days", "3–5 个工作日"),
        ("不超过十五天", "at most 15 days"),
        ("两个半小时", "150 minutes"),
        ("一百二十三人", "123 people"),
        ("500万千瓦时", "5,000,000 kWh"),
        ("每 2000 小时", "2,000 hours"),
        ("2000 W", "2 kW"),
        ("from the fourth day", "第四天起"),
        ("公司 2005成立", "2005 年"),
        ("In 2019 won the prize", "2019 年"),
        ("the 1990s", "1990 年"),
        ("2024年度内完成", "2024 年"),
    ],
)
def test_held(source: str, claim: str) -> None:
    assert holds(source, claim)


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("三十日", "九十日"),
        ("两年", "36 months"),
        ("3月12日", "3月21日"),
        ("2024年3月12日", "2023年3月12日"),
        ("15 天", "15 周"),
        ("5%", "5 个百分点"),
        ("HG-200", "HG-20"),
        ("不超过十五天", "至少 15 天"),
        ("20:30", "8:30 am"),
        ("1.2 kW", "12 kW"),
        ("120 万元", "120 元"),
        ("500万元", "500万千瓦时"),
        ("from the fourth day", "from the third day"),
        ("2000 公里", "2000 小时"),
    ],
)
def test_not_held(source: str, claim: str) -> None:
    assert not holds(source, claim)


@pytest.mark.parametrize("text", ["一般情况下", "十分重要", "统一办理", "one of them", "第一步"])
def test_words_with_numerals_in_them_state_no_number(text: str) -> None:
    assert list(facts_in(text)) == []


def test_what_could_stand_in_a_facts_place() -> None:
    (days,), (weeks,), (euros,) = map(facts_in, ("15 天", "3 weeks", "3 euros"))
    assert comparable(days, weeks)
    assert not comparable(days, euros)


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
