"""What is known of an answer's statements is shown where they stand, and nothing else is let in."""

from typing import Any, cast

from streamlit.testing.v1 import AppTest

from ui.client import wire
from ui.parts.source import sources
from ui.words.texts import words

ZH = words("zh")
ANSWER = "年假有十五天[1]。火星分部设在北极。每晚最高 900 元[2]。见附件[9]。"


def citation(marker: int, text: str = "原话") -> dict[str, Any]:
    return {"marker": marker, "chunk_id": marker, "page": None, "start": 0, "end": 2, "text": text}


def check(content: str, said: str, verdict: str, *cited: int, **changes: Any) -> dict[str, Any]:
    start = content.index(said)
    found = {"start": start, "end": start + len(said), "verdict": verdict, "kind": "sentence"}
    markers = [
        {"start": start + at, "end": start + at + 3, "numbers": [int(said[at + 1])]}
        for at in range(len(said) - 2)
        if said[at] == "[" and said[at + 2] == "]" and said[at + 1].isdigit()
    ]
    known = {"reason": "", "sources": [citation(n) for n in cited], "markers": markers}
    return found | known | changes


CHECKS = [
    check(ANSWER, "年假有十五天[1]。", "supported", 1),
    check(ANSWER, "火星分部设在北极。", "unsupported", reason="words"),
    check(ANSWER, "每晚最高 900 元[2]。", "unsupported", 2, reason="number"),
    check(ANSWER, "见附件[9]。", "no_statement"),
]


def message(**changes: Any) -> wire.Message:
    passage = {"document_name": "手册[1].md", "chunk_id": 1}
    other = {"document_name": "旧手册.md", "chunk_id": 2}
    plain = {"id": "m1", "content": ANSWER, "passages": [passage, other], "citations": []}
    return cast(wire.Message, plain | changes)


def page(shown) -> None:  # type: ignore[no-untyped-def]  # runs without this module
    import streamlit as st

    from ui.parts import trust

    st.session_state["language"] = "zh"
    trust.text(shown)
    trust.conflicts(shown)


def drawn(shown: wire.Message) -> AppTest:
    return AppTest.from_function(page, kwargs={"shown": shown}).run()


def said_by(content: str, *checks: dict[str, Any]) -> str:
    return str(drawn(message(content=content, checks=[*checks])).markdown[0].value)


def test_a_statement_without_support_has_a_quiet_mark_that_explains_itself() -> None:
    app = drawn(message(checks=CHECKS))
    said = app.markdown[0].value
    assert said.startswith("年假有十五天[1](#cite-m1-1)。火星分部")
    assert f'火星分部设在北极。[?](#doubt "{ZH["trust.words"]}")' in said
    assert f'[?](#doubt "{ZH["trust.number"]}")' in said
    assert ZH["trust.doubted"].format(count=2) in app.caption[0].value


def test_a_marker_that_its_source_does_not_support_is_no_plain_chip() -> None:
    said = said_by(ANSWER, *CHECKS)
    assert "[2](#doubt-cite-m1-2)" in said
    assert "(#cite-m1-2)" not in said
    assert "见附件\\[9\\]。" in said


def test_chips_stand_behind_a_sentence_that_has_no_marker_of_its_own() -> None:
    text = "年假有十五天。病假十天。婚假三天。"
    said = said_by(
        text,
        check(text, "年假有十五天。", "supported", 1),
        check(text, "病假十天。", "supported", 1),
        check(text, "婚假三天。", "supported", 2),
    )
    assert said == "年假有十五天。病假十天。[1](#cite-m1-1)婚假三天。[2](#cite-m1-2)"


def test_chips_of_cells_stand_below_their_table_and_code_has_none() -> None:
    text = "| 假 | 天 |\n|---|---|\n| 年 | 15 |\n| 病 | 12 |\n\n```\nx = a[1]\n```\n完。"
    said = said_by(
        text,
        check(text, "15", "supported", 1, kind="cell"),
        check(text, "12", "unsupported", reason="number", kind="cell"),
        check(text, "完。", "supported", 2),
    )
    lines = said.split("\n")
    assert lines[2] == "| 年 | 15 |"
    assert lines[3] == f'| 病 | 12[?](#doubt "{ZH["trust.number"]}") |'
    assert lines[5] == f":gray[:small[{ZH['trust.table']}]] [1](#cite-m1-1)"
    assert "x = a[1]" in lines
    assert lines[-1] == "完。[2](#cite-m1-2)"


def test_what_is_computed_says_so() -> None:
    said = said_by("共 25 天。", check("共 25 天。", "共 25 天。", "computed", 1))
    assert said == f"共 25 天。 :gray[:small[{ZH['trust.computed']}]][1](#cite-m1-1)"


def test_a_contradiction_is_shown_beside_what_the_source_says() -> None:
    text = "提前九十日通知。"
    against = citation(1, "应提前三十日通知。")
    found = check(text, text, "contradicted", reason="number", sources=[against])
    app = drawn(message(content=text, checks=[found]))
    assert f":orange-badge[{ZH['trust.contradicted']}]" in app.markdown[0].value
    assert "↔ [1](#cite-m1-1) 应提前三十日通知。" in app.caption[0].value


def test_an_answer_cannot_write_marks_itself() -> None:
    text = "甲\ue0000\ue001乙。[?](#doubt)"
    said = said_by(text, check(text, text, "supported"))
    assert said == "甲0乙。\\[?\\](#doubt)"


def test_an_answer_without_findings_is_plain() -> None:
    app = drawn(message(content="年假有十五天[1]。"))
    assert app.markdown[0].value == "年假有十五天[1](#cite-m1-1)。"
    assert not app.warning and not app.caption


def test_only_what_supports_the_answer_is_among_its_sources() -> None:
    assert sources.cited_numbers(message(checks=CHECKS)) == [1]
    assert sources.rests_on_sources(message(checks=CHECKS))
    doubted = message(checks=CHECKS[1:3], citations=[citation(2)])
    assert sources.cited_numbers(doubted) == [1, 2]
    assert not sources.rests_on_sources(doubted)


def test_sources_that_disagree_stand_side_by_side() -> None:
    conflict = {
        "marker": 1,
        "text": "每晚 500 元。",
        "other_marker": 2,
        "other_text": "每晚 400 元。",
    }
    (warning,) = drawn(message(conflicts=[conflict])).warning
    assert ZH["trust.conflict"] in warning.value
    assert "[1](#cite-m1-1)" in warning.value and "[2](#cite-m1-2)" in warning.value
    assert "500" in warning.value and "400" in warning.value
