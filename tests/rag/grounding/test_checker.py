"""Verdicts about the statements of an answer."""

from collections.abc import Sequence

import pytest

from app.config import Settings
from app.rag.grounding.check import citations_of, conflicts_of, unsupported_of
from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.types import Check, Passage
from app.wiring.models import build_embedder, model_store
from tests.rag.passages import passage
from tests.weights import EMBEDDER, store_with

LEAVE = passage("第三条 年假为每年十五天。\n病假每年10天，需要医院证明。", 1, start=100)
TRAVEL = passage("Flights are booked in economy class. Hotels cost up to 120 euros.", 2)
NOTICE = passage("任何一方提前解除合同，应提前三十日书面通知对方。", 3)


def checked(
    answer: str, sources: Sequence[Passage] = (LEAVE, TRAVEL), question: str = ""
) -> list[Check]:
    """Of what states anything."""
    checks = EmbeddedChecker().check(question, answer, sources)
    return [check for check in checks if check.verdict != "no_statement"]


def verdict(answer: str, source: str, question: str = "") -> tuple[str, str]:
    (check,) = checked(answer, [passage(source)], question)
    return check.verdict, check.reason


def test_a_sentence_is_supported_by_the_words_of_its_source() -> None:
    (check,) = checked("年假为每年十五天。")
    assert check.verdict == "supported"
    (source,) = check.sources
    assert (source.marker, source.text) == (1, "第三条 年假为每年十五天。")
    assert (source.start, source.end) == (100, 100 + len(source.text))


def test_of_a_short_answer_the_question_tells_which_mention_is_meant() -> None:
    rules = passage("夜班由值班员巡查。超温时值班员应通知设备科。")
    (check,) = checked("值班员。", [rules], "超温时由谁通知设备科？")
    assert check.sources[0].text == "超温时值班员应通知设备科。"


def test_what_the_question_lacks_says_which_words_are_highlighted() -> None:
    source = passage("公司2019年的分红政策见附件。公司2019年每股分红0.35元。")
    (check,) = checked("公司2019年每股分红0.35元。", [source], "公司2019年的分红政策是什么？")
    assert "0.35元" in check.sources[0].text


@pytest.mark.parametrize(
    ("answer", "source"),
    [
        ("The contract lasts 24 months.", "The contract lasts two years."),
        ("病假每年 10 天。", "病假每年十天。"),
        ("会议定于 March 12 举行。", "会议定于三月十二日举行。"),
        ("每晚不得超过 500 元。", "每晚最高 500 元。"),
        ("Pets need the landlord's consent.", "Pets are not allowed without landlord's consent."),
        ("免收上门费。", "保修期内免收上门费。"),
        ("Maria Lopez leads the project.", "The project is led by Maria Lopez."),
    ],
)
def test_supported(answer: str, source: str) -> None:
    assert verdict(answer, source) == ("supported", "")


@pytest.mark.parametrize(
    ("answer", "source", "reason"),
    [
        ("解除合同应提前九十日书面通知对方。", "解除合同应提前三十日书面通知对方。", "number"),
        ("The contract lasts 36 months.", "The contract lasts two years.", "number"),
        ("会议定于三月十三日举行。", "会议定于三月十二日举行。", "date"),
        ("病假12天，年假10天。", "病假10天，年假12天。", "number"),
        ("由李四负责审批预算。", "由张三负责审批预算。", "name"),
        ("The project is led by Maria Lopez.", "The project is led by Anna Lopez.", "name"),
        ("废液可以倒入下水道。", "废液不得倒入下水道。", "negation"),
        ("It may be taken with alcohol.", "Do not take it with alcohol.", "negation"),
        ("收入比上年下降了。", "收入比上年增长了。", "negation"),
        ("型号 HG-300 保修两年。", "型号 HG-200 保修两年。", "name"),
        ("密码至多八位。", "密码至少八位。", "number"),
    ],
)
def test_never_supported(answer: str, source: str, reason: str) -> None:
    said, why = verdict(answer, source)
    assert said in ("contradicted", "unsupported")
    assert why == reason


def test_a_contradiction_names_the_words_it_contradicts() -> None:
    (check,) = checked("提前解除合同，应提前九十日书面通知对方[1]。", [NOTICE])
    assert check.verdict == "contradicted"
    assert "三十日" in check.sources[0].text
    assert citations_of([check]) == ()


def test_what_is_computed_says_from_what() -> None:
    bills = passage("一季度差旅费 120 万元。\n二季度差旅费 150 万元。\n培训费 30 万元。")
    (check,) = checked("两个季度差旅费合计 270 万元。", [bills])
    assert check.verdict == "computed"
    assert {source.text[:3] for source in check.sources} == {"一季度", "二季度"}
    (wrong,) = checked("两个季度差旅费合计 280 万元。", [bills])
    assert wrong.verdict != "computed"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "你好！很高兴为您解答。",
            "希望对您有帮助！",
            "步骤如下：",
            "# 年假每年十五天\n\n如下：",
            "还有别的问题吗？",
        ),
        *("Here are the steps:", "Let me know if you need more.", "资料中没有提到这一点。"),
        *(
            "The sources do not mention a sauna.",
            "来源：[1] 员工手册.md",
            "```\n年假为每年二十天。\n```",
        ),
        *("**年假**\n\n如下：", "$年假 = 20$", "| 年假 | 病假 |\n|---|---|"),
    ],
)
def test_what_states_nothing_is_not_judged(text: str) -> None:
    assert checked(text) == []


def test_a_sentence_that_no_source_holds_is_marked_where_it_stands() -> None:
    answer = "年假为每年十五天。火星分部设在北极冰盖之下。"
    (found,) = unsupported_of(EmbeddedChecker().check("", answer, [LEAVE]))
    assert (answer[found.start : found.end], found.reason) == (
        "火星分部设在北极冰盖之下。",
        "words",
    )


def test_markers_that_name_a_source_stay_and_the_others_are_reported() -> None:
    (check,) = checked("公司在火星设有分部[2][7]。")
    assert (check.verdict, check.nowhere) == ("unsupported", (7,))
    assert [marker.numbers for marker in check.markers] == [(2,), (7,)]
    assert [citation.marker for citation in citations_of([check])] == [2]


def test_cells_are_judged_one_by_one() -> None:
    table = "| 假期 | 天数 |\n|---|---|\n| 年假 | 15 天 |\n| 病假 | 12 天 |\n"
    right, wrong = checked(table)
    assert (right.verdict, table[right.start : right.end]) == ("supported", "15 天")
    assert wrong.verdict == "contradicted"


def test_sources_that_say_the_same_with_other_numbers_are_set_against_each_other() -> None:
    newer = passage("住宿费每晚最高报销 500 元。", 1, "报销制度2024.md")
    older = passage("住宿费每晚最高报销 400 元。", 2, "报销制度2022.md")
    other = passage("餐费按实际金额报销，每天不超过 120 元。", 3, "餐费.md")
    sources = [newer, older, other]
    checks = EmbeddedChecker().check("", "住宿费每晚最高报销 500 元。", sources)
    assert [check.verdict for check in checks] == ["supported"]
    (conflict,) = conflicts_of(citations_of(checks), sources)
    assert (conflict.marker, conflict.other_marker) == (1, 2)
    assert "400" in conflict.other_text
    same = passage("住宿费每晚最高报销 500 元。", 2)
    assert conflicts_of(citations_of(checks), [newer, same]) == []


def test_without_sources_nothing_is_supported() -> None:
    (check,) = checked("年假为每年十五天[1]。", [])
    assert (check.verdict, check.nowhere) == ("unsupported", (1,))


@pytest.fixture(scope="module")
def meaning() -> EmbeddedChecker:
    store_with(EMBEDDER)
    settings = Settings(embedder=EMBEDDER)
    return EmbeddedChecker(build_embedder(settings, model_store(settings), threads=1))


def test_a_chinese_sentence_over_an_english_source(meaning: EmbeddedChecker) -> None:
    right, wrong, other = meaning.check(
        "",
        "酒店每晚最高 120 欧元[2]。酒店每晚最高 150 欧元[2]。公司在火星设有分部[2]。",
        (LEAVE, TRAVEL),
    )
    assert right.verdict == "supported"
    assert right.sources[0].text == "Hotels cost up to 120 euros."
    assert wrong.verdict == "contradicted"
    assert other.verdict == "unsupported"


def test_other_words_for_the_same(meaning: EmbeddedChecker) -> None:
    source = passage("Damage caused by improper use is excluded from the warranty.")
    (check,) = meaning.check("", "The warranty doesn't cover damage from misuse.", [source])
    assert check.verdict == "supported"


@pytest.mark.parametrize(
    ("question", "answer", "row"),
    [
        ("事假一年最多几天？", "事假，每年不超过 10 天，不发工资", "事假"),
        ("育儿假一年几天？", "每年 10 天", "育儿假"),
    ],
)
def test_of_two_rows_with_one_number_the_one_that_is_asked_about_is_shown(
    question: str, answer: str, row: str
) -> None:
    table = (
        "| 假别 | 天数 | 说明 |\n| 育儿假 | 每年 10 天 | 子女满 3 周岁之前 |\n"
        "| 事假 | 每年不超过 10 天 | 不发工资 |"
    )
    (check,) = EmbeddedChecker().check(question, answer, [passage(table)])
    assert check.verdict == "supported"
    assert [source.text.split(" | ")[0] for source in check.sources] == [f"| {row}"]


def test_the_number_of_an_item_is_no_fact() -> None:
    source = passage("1. 每月考核。\n2. 试用期为 6 个月。\n10）每年体检。")
    for answer, verdict in (
        ("试用期为 2 个月。", "contradicted"),
        ("试用期为 6 个月。", "supported"),
    ):
        (check,) = EmbeddedChecker().check("", answer, [source])
        assert check.verdict == verdict
    (check,) = EmbeddedChecker().check("体检几次？", "每年体检 10 次。", [source])
    assert check.verdict != "supported"


@pytest.mark.parametrize(
    ("answer", "source", "expected"),
    [
        ("经甲方书面同意后可以转让给第三方。", "未经甲方书面同意，乙方不得转让给第三方。",
         "supported"),
        ("未经甲方书面同意，可以转让给第三方。", "未经甲方书面同意，乙方不得转让给第三方。",
         "contradicted"),
        ("只有销售部实行弹性工作制。", "除销售部外，其他部门不实行弹性工作制。", "supported"),
        ("其他部门实行弹性工作制。", "除销售部外，其他部门不实行弹性工作制。", "contradicted"),
        ("整机保修 3 年，滤芯除外。", "除滤芯外，整机保修三年。", "supported"),
        ("The Provider may subcontract the work if the Customer agrees.",
         "The Provider may not subcontract the work unless the Customer agrees.", "supported"),
        # one denial more
        ("未休完的年假不能顺延。", "未休完的年假可顺延至次年。", "contradicted"),
        ("未休完的年假可以顺延。", "未休完的年假可顺延至次年。", "supported"),
        ("押金不予退还。", "乙方提前退租的，押金不退。", "supported"),
    ],
)  # fmt: skip
def test_a_denial_reaches_as_far_as_its_exception(answer: str, source: str, expected: str) -> None:
    assert verdict(answer, source)[0] == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("2026 年 9 月 29 日下班前将自查表交至行政部。", "supported"),
        ("2025 年 9 月 29 日下班前将自查表交至行政部。", "contradicted"),
    ],
)
def test_the_year_that_only_the_title_has_is_that_of_every_clause(
    answer: str, expected: str
) -> None:
    source = (
        "关于 2026 年国庆节放假的通知\n"
        "各部门应于 9 月 29 日下班前完成安全自查，并将自查表交至行政部。"
    )
    assert verdict(answer, source)[0] == expected


@pytest.mark.parametrize(
    ("answer", "source", "expected"),
    [
        ("返岗后 3 天内补交即可。", "一天以内的病假可于返岗后两日内补交。", "contradicted"),
        ("The credit is 10% of the monthly fee, i.e. EUR 120.",
         "The monthly fee is EUR 1,200. The credit is 10% of the monthly fee.", "computed"),
        ("3 天以内由经理审批，超过 3 天须总经理批准。",
         "年假由经理审批；超过 3 天的，须经总经理批准。", "supported"),
        ("5 天以内由经理审批，超过 5 天须总经理批准。",
         "年假由经理审批；超过 3 天的，须经总经理批准。", "contradicted"),
    ],
)  # fmt: skip
def test_what_computes_and_what_only_bounds(answer: str, source: str, expected: str) -> None:
    assert verdict(answer, source)[0] == expected
