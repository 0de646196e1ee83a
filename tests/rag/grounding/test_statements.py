"""What in an answer is a sentence or a marker, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rag.grounding.statements import markers, statements, without_markers


def said(answer: str) -> list[str]:
    return [answer[s.start : s.end] for s in statements(answer)]


def numbers(answer: str) -> list[tuple[int, ...]]:
    return [marker.numbers for marker in markers(answer)]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("1. Open the lid.", []),
        ("second = items[1]", []),
        ("```\nsecond = items[1]\n```", []),
        ("Use `items[1]` here.", []),
        ("The interval is [0, 1].", []),
        ("See [1](http://a.example) and [the page](http://b.example/[2]).", []),
        ("It is $x_{[1]} = 3$.", []),
        ("依据国发[24]12号文件执行。", []),
        ("年假十五天[1]。", [(1,)]),
        ("年假十五天。[1][2]", [(1,), (2,)]),
        ("年假十五天【来源2】，病假［3］。", [(2,), (3,)]),
        ("It costs 5 euros [1, 3].", [(1, 3)]),
        ("| 年假 | 15 天 [2] |\n|---|---|\n| 病假 | [1] |", [(2,), (1,)]),
        ("# 假期 [1]", [(1,)]),
        ("It costs 5 euros[12].", [(12,)]),
        ("均值为3.5[1]；版本为V2.1[1]。", [(1,), (1,)]),
        ("OpenAI[1], iPhone[2] and GitHub[3] agree.", [(1,), (2,), (3,)]),
        ("The war (2024) ended[1]. Peace[2] came.", [(1,), (2,)]),
        ("rows = data.items[1], snake_case[2]", []),
        ("价格 5 元 [1]<br>含税", [(1,)]),
        ("见[1]`x`和[2]$x$。", [(1,), (2,)]),
        ("年假十五天[1-3]。", [(1, 2, 3)]),
        ("年假[来源：1]，病假［２］。", [(1,), (2,)]),
        ("匹配 [1-9] 的字符", []),
    ],
)
def test_markers_are_brackets_in_prose(answer: str, found: list[tuple[int, ...]]) -> None:
    assert numbers(answer) == found


@pytest.mark.parametrize(
    ("answer", "sentences"),
    [
        ("e.g. the one", ["e.g. the one"]),
        ("See No. 5 and Fig. 3. It ends.", ["See No. 5 and Fig. 3.", "It ends."]),
        ("It is 3.5 mm. Good.", ["It is 3.5 mm.", "Good."]),
        ("按第3.条办理。", ["按第3.条办理。"]),
        ("年假十五天。[1] 病假十天。", ["年假十五天。[1]", "病假十天。"]),
        ("It opens. [1] It closes.[2]\n", ["It opens. [1]", "It closes.[2]"]),
        ("1. Open the lid.\n2. Close it.", ["Open the lid.", "Close it."]),
        ("- a b\n  - c d", ["a b", "c d"]),
        ("年假十五天；病假十天", ["年假十五天；", "病假十天"]),
        ("It goes on\nin lower case.", ["It goes on\nin lower case."]),
        ("> quoted.\n\n```\ncode. More.\n```\nEnd.", ["quoted.", "End."]),
        ("text\n---\nmore", ["text", "more"]),
    ],
)
def test_sentences(answer: str, sentences: list[str]) -> None:
    assert said(answer) == sentences


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("尺寸为 600*400*300 毫米。", "尺寸为 600*400*300 毫米。"),
        ("The area is 3 * 4 metres.", "The area is 3 * 4 metres."),
        ("-18 ℃（3 号库）", "-18 ℃（3 号库）"),
        ("It takes **12** days, *at most*.", "It takes 12 days, at most."),
    ],
)
def test_a_star_that_multiplies_is_no_emphasis(answer: str, text: str) -> None:
    assert [said.text for said in statements(answer)] == [text]


def test_numbers_of_items_and_steps_are_not_what_is_said() -> None:
    answer = "- [x] done\n\n（一）年假\n\n第一步：打开盖子。\n\nStep 2: Close it."
    assert [s.text for s in statements(answer)] == ["done", "年假", "打开盖子。", "Close it."]


def test_a_cell_is_about_its_row_and_its_column_and_has_the_markers_of_its_row() -> None:
    answer = (
        "| 假期 | 天数 | 来源 |\n|---|---|---|\n| 年假 | 15 天 | [2] |\n| 病假 | 10 \\| 12 | |\n"
    )
    cells = [s for s in statements(answer) if s.kind == "cell"]
    assert [(c.text, c.about) for c in cells] == [
        ("15 天", "年假 天数"),
        ("", "年假 来源"),
        ("10 \\| 12", "病假 天数"),
    ]
    assert [m.numbers for m in cells[0].markers] == [(2,)]
    assert answer[cells[2].start : cells[2].end] == "10 \\| 12"


def test_a_bold_line_and_an_item_over_items_are_headings() -> None:
    answer = "**Refunds**\n\n1. 保管期限\n   - 账簿：30 年\n"
    assert [s.kind for s in statements(answer)] == ["heading", "heading", "sentence"]


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        ("**病假每年30天**", ["sentence"]),
        ("**30 天**", ["sentence"]),
        ("**30 天**\n\n来源：手册", ["sentence", "sentence"]),
        ("答案：\n\n**Beijing**", ["sentence", "sentence"]),
        ("**报销标准**\n\n每晚 500 元。", ["heading", "sentence"]),
        ("**Phase 2**\n\nIt ends.", ["heading", "sentence"]),
        ("# 病假每年30天", ["sentence"]),
        ("# 病假每年30天\n\n如下。", ["heading", "sentence"]),
        ("病假如下。\n\n## 报销", ["sentence", "heading"]),
    ],
)
def test_what_stands_over_nothing_is_no_heading(answer: str, kinds: list[str]) -> None:
    assert [s.kind for s in statements(answer)] == kinds


@pytest.mark.parametrize("answer", ["1999.", "30.", "  30) "])
def test_a_number_by_itself_is_no_item(answer: str) -> None:
    assert [s.text for s in statements(answer)] == [answer.strip()]


def test_an_item_without_content_among_others_states_nothing() -> None:
    assert said("1. Open the lid.\n2.\n") == ["Open the lid."]


def test_markers_are_taken_out_of_history_and_code_is_not() -> None:
    answer = "年假十五天 [1]。\n\n```\nx = items[1]\n```"
    assert without_markers(answer) == "年假十五天。\n\n```\nx = items[1]\n```"


@given(st.text("ab1. 。[]|-*`$\n\r\t>#\0：（）", max_size=120))
def test_spans_lie_in_the_text_and_do_not_overlap(answer: str) -> None:
    end = 0
    for statement in statements(answer):
        assert end <= statement.start < statement.end <= len(answer)
        end = statement.end
        for marker in statement.markers:
            assert answer[marker.start] in "[【［"
