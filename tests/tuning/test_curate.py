"""Which answers go into which file, and the reason given for every other one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from app.llm.messages import Message
from app.tuning import FORMATS, Exclusion, Format, RatedAnswer, Selection, export
from app.tuning.errors import SelectionInvalid, UnknownFormat
from tests.tuning.samples import DAY_0, NASTY, prompt, rated


def reasons(items: list[RatedAnswer], format: Format) -> dict[str, Exclusion]:
    _, report = export(items, format)
    return {left.message_id: left.reason for left in report.left_out}


def targets(items: list[RatedAnswer], format: Format = "messages") -> list[str]:
    rows, _ = export(items, format)
    return [row["messages"][-1]["content"] for row in rows]


def test_up_teaches_the_answer_as_it_was_shown() -> None:
    assert targets([rated(1)]) == ["年假有10天[1]。（1）"]


def test_down_teaches_its_correction() -> None:
    item = rated(1, rating="down", correction="\n年假有12天[1]。\n")
    assert targets([item]) == ["年假有12天[1]。"]


def test_a_correction_is_worth_more_than_a_thumb_up() -> None:
    assert targets([rated(1, correction="年假有10个工作日[1]。")]) == ["年假有10个工作日[1]。"]


@pytest.mark.parametrize("format", ["messages", "sharegpt", "alpaca"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rating": None}, Exclusion.NOT_RATED),
        ({"prompt": ()}, Exclusion.NO_PROMPT),
        ({"prompt": (Message("system", "s"),)}, Exclusion.UNUSABLE_PROMPT),
        ({"answer": " \n"}, Exclusion.EMPTY),
        ({"answer": "\ud83d"}, Exclusion.UNWRITABLE),
        ({"state": "stopped"}, Exclusion.INTERRUPTED),
        ({"state": "interrupted"}, Exclusion.INTERRUPTED),
        ({"finish_reason": "length"}, Exclusion.INTERRUPTED),
        ({"rating": "down"}, Exclusion.DOWN_WITHOUT_CORRECTION),
        (
            {"rating": "down", "correction": " 年假有10天[1]。（1） "},
            Exclusion.CORRECTION_EQUALS_ANSWER,
        ),
    ],
)
def test_supervised_formats_leave_out(
    changes: dict[str, object], reason: Exclusion, format: Format
) -> None:
    assert reasons([rated(1, **changes)], format) == {"m01": reason}


def test_a_correction_rescues_an_answer_that_was_cut_off() -> None:
    item = rated(1, rating="down", state="interrupted", correction="10天[1]。")
    assert targets([item]) == ["10天[1]。"]
    assert [row["label"] for row in export([item], "kto")[0]] == [True]
    assert reasons([item], "dpo") == {"m01": Exclusion.INTERRUPTED}


def test_turns_that_do_not_alternate_fit_some_formats_only() -> None:
    item = rated(1, prompt=prompt("几天？", "十天。", "没有回答的问题"))
    for format in FORMATS:
        rows, report = export([item], format)
        if format in ("sharegpt", "alpaca"):
            assert reasons([item], format) == {"m01": Exclusion.TURNS_NOT_ALTERNATING}
        elif format in ("messages", "kto"):
            assert (len(rows), report.left_out) == (1, ())


def test_the_first_of_two_equal_rows_is_kept() -> None:
    again = replace(rated(1), message_id="m09", question_id="q09")
    for format in ("messages", "sharegpt", "alpaca", "kto"):
        assert len(export([again, rated(1)], format)[0]) == 1
        assert reasons([again, rated(1)], format) == {"m09": Exclusion.DUPLICATE}


def test_the_same_answer_to_other_sources_is_not_a_repetition() -> None:
    other = replace(rated(1), message_id="m09", prompt=prompt("几天？", "别的资料"))
    assert len(targets([rated(1), other])) == 2


def test_an_answer_rated_up_and_down_teaches_nothing() -> None:
    down = replace(rated(1), message_id="m09", rating="down")
    assert reasons([rated(1), down], "messages")["m01"] is Exclusion.CONTRADICTED
    both = {"m01": Exclusion.CONTRADICTED, "m09": Exclusion.CONTRADICTED}
    assert reasons([rated(1), down], "kto") == both


def test_dpo_correction_beats_the_answer_as_shown() -> None:
    rows, report = export([rated(1, rating="down", correction="12天[1]。")], "dpo")
    assert rows[0]["chosen"] == [{"role": "assistant", "content": "12天[1]。"}]
    assert rows[0]["rejected"] == [{"role": "assistant", "content": "年假有10天[1]。（1）"}]
    assert (report.considered, report.exported, report.left_out) == (1, 1, ())


def variant(item: RatedAnswer, n: int, **changes: object) -> RatedAnswer:
    other = replace(item, message_id=f"{item.message_id}v{n}", answer=f"变体{n}[1]。")
    return replace(other, **changes)  # type: ignore[arg-type]  # names are checked by replace


def test_dpo_variant_rated_up_beats_those_rated_down() -> None:
    good = rated(1)
    bad = [variant(good, 1, rating="down"), variant(good, 2, rating="down")]
    rows, report = export([good, *bad], "dpo")
    assert [(r["chosen"][0]["content"], r["rejected"][0]["content"]) for r in rows] == [
        (good.answer, "变体1[1]。"),
        (good.answer, "变体2[1]。"),
    ]
    assert report.left_out == ()


def test_dpo_does_not_compare_answers_to_different_prompts() -> None:
    good = rated(1)
    bad = variant(good, 1, rating="down", prompt=prompt("几天？", "资料换了"))
    assert set(reasons([good, bad], "dpo").values()) == {Exclusion.OTHER_PROMPT}


def test_dpo_does_not_compare_different_questions() -> None:
    items = [rated(1), replace(rated(1), message_id="m09", question_id="q09", rating="down")]
    assert reasons(items, "dpo") == {
        "m01": Exclusion.NOTHING_TO_COMPARE,
        "m09": Exclusion.DOWN_WITHOUT_CORRECTION,
    }


def test_dpo_drops_a_pair_and_its_reverse() -> None:
    one = rated(1, rating="down", answer="甲[1]。", correction="乙[1]。")
    two = replace(one, message_id="m09", answer="乙[1]。", correction="甲[1]。")
    assert export([one, two], "dpo")[0] == []
    assert set(reasons([one, two], "dpo").values()) == {Exclusion.CONTRADICTED}


def test_kto_takes_the_thumb_and_the_correction() -> None:
    rows, report = export(
        [rated(1), rated(2, rating="down"), rated(3, rating="down", correction="三[1]。")], "kto"
    )
    assert [(r["completion"][0]["content"], r["label"]) for r in rows] == [
        ("年假有10天[1]。（1）", True),
        ("年假有10天[1]。（2）", False),
        ("年假有10天[1]。（3）", False),
        ("三[1]。", True),
    ]
    assert (report.considered, report.exported) == (3, 4)


def test_control_tokens_in_what_people_wrote_become_plain_text() -> None:
    item = rated(1, rating="down", correction="写<|im_end|>即可[1]。")
    assert targets([item]) == ["写<｜im_end｜>即可[1]。"]


def test_filters() -> None:
    items = [rated(1), rated(2, rating="down", correction="二"), rated(3, base_ids=("b2", "b3"))]

    def ids(**filters: object) -> list[str]:
        selection = Selection(**filters)  # type: ignore[arg-type]
        return [item.message_id for item in items if selection.holds(item)]

    assert ids() == ["m01", "m02", "m03"]
    assert ids(base_id="b3") == ["m03"]
    assert ids(rating="down") == ["m02"]
    assert ids(since=items[1].rated_at) == ["m02", "m03"]
    assert ids(until=items[1].rated_at) == ["m01"]
    assert export(items, "messages", Selection(rating="down"))[1].considered == 1


def test_answers_that_nothing_supports_can_be_left_out() -> None:
    items = [
        rated(1, supported=True),
        rated(2),
        rated(3, rating="down", correction="十天"),
        rated(4, correction="十天，不含周末"),
    ]
    only = Selection(supported_only=True)
    rows, report = export(items, "messages", only)
    assert len(rows) == 2
    assert [(left.message_id, left.reason) for left in report.left_out] == [
        ("m02", Exclusion.UNSUPPORTED),
        ("m04", Exclusion.UNSUPPORTED),
    ]
    assert len(export(items, "messages")[0]) == 4
    wanted = [
        row["completion"][0]["content"] for row in export(items, "kto", only)[0] if row["label"]
    ]
    assert wanted == [items[0].answer, "十天"]


def test_impossible_filters_are_refused() -> None:
    with pytest.raises(SelectionInvalid, match="zone"):
        Selection(since=datetime(2026, 11, 1))  # the point of the test
    with pytest.raises(SelectionInvalid, match="earlier"):
        Selection(since=DAY_0, until=DAY_0)
    east = DAY_0.astimezone(UTC) + timedelta(hours=8)
    assert Selection(since=DAY_0, until=east).holds(rated(0))


def test_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UnknownFormat, match="messages, sharegpt, alpaca, dpo, kto"):
        export([], "csv")  # type: ignore[arg-type]


def test_order_of_the_input_does_not_matter() -> None:
    items = [
        rated(1),
        variant(rated(1), 1, rating="down", correction="更好[1]。"),
        rated(2, rating="down"),
        replace(rated(1), message_id="m00", question_id="q00", answer=NASTY),
    ]
    for format in FORMATS:
        assert len({repr(export(order, format)) for order in permutations(items)}) == 1


def test_every_answer_is_accounted_for_once() -> None:
    items = [rated(n, rating=r) for n, r in enumerate(["up", "down", None, "up", "down"])]
    for format in FORMATS:
        _, report = export(items, format)
        left = [item.message_id for item in report.left_out]
        assert len(left) == len(set(left))
        assert report.considered == 5
        assert report.exported + len(left) == 5


def test_every_reason_has_words() -> None:
    assert len({reason.words for reason in Exclusion}) == len(Exclusion)
