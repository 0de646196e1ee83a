"""A question about another one of what was found is not answered with this one."""

from dataclasses import replace

import pytest

from app.rag.retrieval.other_one import asks_of_another, those_named
from tests.rag.passages import passage

VALVES = passage("DV-310-A 的压力为 1.6 MPa。\nDV-310-B 的压力为 2.5 MPa。", name="阀门.md")
MINUTES = passage("会议决定启用新仓库，4 月 20 日以前搬完。", name="会议纪要20250418.md")
HANDBOOK = passage("年假十五天。", name="员工手册20240101.pdf")
NEWER = passage("年假十天。", 2, name="员工手册20250101.pdf")
ATTENDANCE = passage("法定节假日加班按三倍支付。", name="考勤制度（2023年3月1日修订）.docx")
ORDERS = passage("Order numbers look like AB-0001. A refund takes five days.", name="Orders.md")
STAFF = passage("工号由字母和数字组成，如 A0001。\n请使用 A4 纸打印。", name="入职须知.md")
RULES = passage("婚假十天。", name="考勤办法2026版.md")


@pytest.mark.parametrize(
    ("question", "source", "another"),
    [
        ("DV-310-C 的压力是多少？", VALVES, True),
        ("DV-310-B 的压力是多少？", VALVES, False),
        ("A4 纸放在哪里？", VALVES, False),
        ("三月七日的会议决定了什么？", MINUTES, True),
        ("四月十八日的会议决定了什么？", MINUTES, False),
        ("4月20日以前做什么？", MINUTES, False),
        ("五月一日放假吗？", RULES, False),
        ("我2024年5月15日入职，今年有几天年假？", HANDBOOK, False),
        ("国庆节10月1日加班工资怎么算？", ATTENDANCE, False),
        ("My order AB-1234 has not come. Can I get a refund?", ORDERS, False),
        ("工号A1023的员工怎么打印？", STAFF, False),
        ("《考勤办法2025版》规定婚假几天？", RULES, True),
        ("《考勤办法2026版》规定婚假几天？", RULES, False),
        ("《劳动法2018》规定婚假几天？", RULES, False),
    ],
)
def test_only_something_of_the_same_form_in_its_place_counts(
    question: str, source: object, another: bool
) -> None:
    assert asks_of_another(question, [source]) is another  # type: ignore[list-item]


def test_the_day_on_which_the_asker_did_something_is_no_edition() -> None:
    asked = "我2024年5月15日入职，今年有几天年假？"
    assert not asks_of_another(asked, [HANDBOOK, NEWER])
    assert asks_of_another("2024年5月15日的员工手册怎么规定年假？", [HANDBOOK, NEWER])


def test_of_a_series_a_short_name_is_enough() -> None:
    other = replace(MINUTES, document_id="d9", document_name="会议纪要20250518.md")
    assert asks_of_another("三月七日的会定了什么？", [MINUTES, other])


def test_several_codes_in_a_text_are_things_told_apart() -> None:
    manual = passage("本手册适用于 DV-310-A 型和 DV-310-B 型阀门。", name="手册.md")
    assert asks_of_another("DV-310-C 的压力是多少？", [manual])
    assert not asks_of_another("DV-310-B 的压力是多少？", [manual])


def test_of_several_minutes_those_of_the_day_are_read() -> None:
    minutes = [
        passage(f"会议纪要\n\n时间：2027年5月{day}日\n\n决议：{what}", day)
        for day, what in ((7, "换锁。"), (21, "修屋顶。"))
    ]
    manual = passage("屋顶每年检查一次。", 40)
    rest = passage("决议二：买梯子。", 22)
    later = replace(rest, document_id="d21")
    assert those_named("五月二十一日的会定了什么？", [*minutes, manual, later]) == [
        minutes[1],
        manual,
        later,
    ]
    assert those_named("六月二日的会定了什么？", minutes) == minutes
    assert those_named("会上定了什么？", minutes) == minutes
    assert those_named("五月七日和五月二十一日的会定了什么？", [*minutes, manual]) == [
        *minutes,
        manual,
    ]
