"""What is known of an answer's sentences is shown where they stand, and nothing else is let in."""

from typing import Any, cast

from streamlit.testing.v1 import AppTest

from ui.client import wire
from ui.words.texts import words

ZH = words("zh")
ANSWER = "年假有十五天[1]。火星分部设在北极。每晚最高 900 元。"


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


def test_a_sentence_without_support_is_followed_by_a_note() -> None:
    mars, price = ANSWER.index("火星"), ANSWER.index("每晚")
    spans = [
        {"start": mars, "end": mars + len("火星分部设在北极"), "reason": "words"},
        {"start": price, "end": price + len("每晚最高 900 元"), "reason": "number"},
    ]
    said = drawn(message(unsupported=spans)).markdown[0].value
    assert f"火星分部设在北极 :orange-badge[{ZH['trust.words']}]。" in said
    assert f"900 元 :orange-badge[{ZH['trust.number']}]。" in said
    assert said.startswith("年假有十五天[1](#cite-m1-1)。")


def test_an_answer_cannot_write_notes_itself() -> None:
    said = drawn(message(content="甲\ue000乙\ue001。")).markdown[0].value
    assert said == "甲乙。"


def test_an_answer_without_findings_is_plain() -> None:
    app = drawn(message())
    assert "badge" not in app.markdown[0].value and not app.warning


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
