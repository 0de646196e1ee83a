"""A question about another one of what was found is not answered with this one."""

import pytest

from app.rag.retrieval.other_one import asks_of_another
from tests.rag.passages import passage

VALVES = passage("DV-310-A 的压力为 1.6 MPa。\nDV-310-B 的压力为 2.5 MPa。", name="阀门.md")
MINUTES = passage("会议决定启用新仓库，4 月 20 日以前搬完。", name="会议纪要20250418.md")
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
        ("《考勤办法2025版》规定婚假几天？", RULES, True),
        ("《考勤办法2026版》规定婚假几天？", RULES, False),
        ("《劳动法2018》规定婚假几天？", RULES, False),
    ],
)
def test_only_something_of_the_same_form_in_its_place_counts(
    question: str, source: object, another: bool
) -> None:
    assert asks_of_another(question, [source]) is another  # type: ignore[list-item]
