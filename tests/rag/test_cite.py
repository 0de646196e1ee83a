import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.rag.grounding.cite import Citer
from app.rag.types import Citation, Passage
from tests.rag.passages import passage

LEAVE = passage("第三条 年假为每年十五天。\n病假每年10天，需要医院证明。", 1, start=100)
TRAVEL = passage("Flights are booked in economy class. Hotels cost up to 120 euros.", 2)


def cited(answer: str, sources: Sequence[Passage] = (LEAVE, TRAVEL)) -> tuple[str, list[Citation]]:
    """Fed character by character, the hardest way."""
    citer = Citer(sources)
    text = "".join(citer.feed(char) for char in answer) + citer.finish()
    return text, citer.citations


def test_a_sentence_without_a_marker_gets_the_one_that_supports_it() -> None:
    text, (citation,) = cited("年假为每年十五天。")
    assert text == "年假为每年十五天[1]。"
    assert citation.text == "第三条 年假为每年十五天。"
    assert (citation.start, citation.end) == (100, 100 + len(citation.text))


def test_english_sentences_are_marked_before_the_full_stop() -> None:
    text, citations = cited("Hotels cost up to 120 euros. Flights are in economy class!")
    assert text == "Hotels cost up to 120 euros [2]. Flights are in economy class [2]!"
    assert [c.text for c in citations] == [
        "Hotels cost up to 120 euros.",
        "Flights are booked in economy class.",
    ]


def test_a_right_marker_is_kept_in_one_form() -> None:
    for written in (
        "年假为每年十五天[1]。",
        "年假为每年十五天。[1]",
        "年假为每年十五天【来源1】。",
    ):
        assert cited(written)[0] == "年假为每年十五天[1]。"


def test_a_wrong_marker_is_corrected_and_one_that_points_nowhere_is_dropped() -> None:
    assert cited("年假为每年十五天[2]。")[0] == "年假为每年十五天[1]。"
    assert cited("年假为每年十五天[7]。")[0] == "年假为每年十五天[1]。"
    assert cited("公司在火星设有分部[2]。") == ("公司在火星设有分部。", [])


def test_a_number_that_the_source_does_not_hold_is_no_support() -> None:
    assert cited("病假每年12天，需要医院证明。")[1] == []
    assert len(cited("病假每年10天，需要医院证明。")[1]) == 1


def test_of_a_short_answer_the_question_tells_which_mention_is_meant() -> None:
    rules = passage("夜班由值班员巡查。超温时值班员应通知设备科。")
    citer = Citer([rules], "超温时由谁通知设备科？")
    assert citer.feed("值班员。") + citer.finish() == "值班员[1]。"
    assert citer.citations[0].text == "超温时值班员应通知设备科。"


def test_saying_that_nothing_was_found_is_not_cited() -> None:
    assert cited("资料中没有找到答案[1]。")[0] == "资料中没有找到答案。"
    assert cited("The sources do not contain the answer [1].")[1] == []


def test_brackets_of_the_source_are_left_alone() -> None:
    decree = passage("依据国发[24]12号文件执行。")
    assert cited("依据国发[24]12号文件执行。", [decree])[0] == "依据国发[24]12号文件执行[1]。"
    assert cited("见附录[A]。")[0] == "见附录[A]。"


def test_decimals_code_and_tables_are_not_torn() -> None:
    rate = passage("The rate is 3.5 percent.")
    assert cited("The rate is 3.5 percent.", [rate])[0] == "The rate is 3.5 percent [1]."
    code = "```\n年假为每年十五天。\n```\n"
    assert cited(code)[0] == code
    row = "| 年假 | 每年十五天 |\n"
    assert cited(row)[0] == row


def test_without_sources_nothing_is_marked() -> None:
    assert cited("年假为每年十五天[1]。", []) == ("年假为每年十五天。", [])


@given(
    st.text("年假为每年十五天。.[1]2【】 \n!a", max_size=80),
    st.lists(st.integers(1, 7), max_size=30),
)
def test_any_text_in_any_pieces_gives_the_same_and_only_valid_markers(
    answer: str, cuts: list[int]
) -> None:
    whole, citations = cited(answer)
    citer, pieces, at = Citer([LEAVE, TRAVEL]), [], 0
    for length in [*cuts, len(answer)]:
        pieces.append(citer.feed(answer[at : at + length]))
        at += length
    assert "".join(pieces) + citer.finish() == whole
    assert {c.marker for c in citations} <= {1, 2}
    strip = re.compile(r"[\[【\]】\d\s]")
    assert strip.sub("", whole) == strip.sub("", answer)
