"""Which changed answers are worse, and why."""

import pytest

from app.db.tables import RecordedAnswer
from app.services.improvement.changes.compare import compare


def answer(text: str, **about: object) -> RecordedAnswer:
    usual = {"question": "几天？", "answer": text, "cites": True, "documents": ["d1"]}
    return RecordedAnswer(number=0, **{**usual, **about})


@pytest.mark.parametrize(
    ("before", "after", "why", "mended"),
    [
        (
            answer("十五天。", expected="十五天"),
            answer("十天。", expected="十五天"),
            "further",
            "nearer",
        ),
        (
            answer("甲", expected_documents=["d1"]),
            answer("甲", expected_documents=["d1"], documents=["d2"]),
            "lost_source",
            "found_source",
        ),
        (answer("甲"), answer("没有找到。", cites=False), "cites_nothing", "cites_again"),
        (answer("甲"), answer("甲，另外乙。", unsupported=1), "states_more", "states_less"),
    ],
)
def test_each_way_to_get_worse_is_one_to_get_better(
    before: RecordedAnswer, after: RecordedAnswer, why: str, mended: str
) -> None:
    (changed,) = compare([before], [after], ({}, {})).changed
    assert (changed.verdict, changed.worse, changed.better) == ("worse", (why,), ())
    (back,) = compare([after], [before], ({}, {})).changed
    assert (back.verdict, back.worse, back.better) == ("better", (), (mended,))


def test_what_is_expected_now_judges_both() -> None:
    """Else a corrected expectation would show as a change of the answer."""
    old, new = answer("十天。", expected="十天"), answer("十天。", expected="十五天")
    assert compare([old], [new], ({}, {})).changed == ()


def test_nothing_makes_up_for_what_got_worse() -> None:
    (changed,) = compare(
        [answer("十天。", expected="十五天")],
        [answer("十五天。", expected="十五天", cites=False)],
        ({}, {}),
    ).changed
    assert (changed.verdict, changed.worse, changed.better) == (
        "worse",
        ("cites_nothing",),
        ("nearer",),
    )


def test_what_is_other_but_no_worse_is_shown_behind_what_is_worse() -> None:
    def three(*texts: str) -> list[RecordedAnswer]:
        return [answer(text, question=str(n), cites=bool(text)) for n, text in enumerate(texts)]

    found = compare(three("同", "原话", "有"), three("同 ", "换个说法", ""), ({"k": 6}, {"k": 4}))
    assert found.asked == 3
    assert [each.question for each in found.changed] == ["2", "1"]
    assert [each.question for each in found.worse] == ["2"]
    assert found.settings == {"k": (6, 4)}
    assert compare(three("a"), [answer("b", question="new")], ({}, {})).asked == 0
