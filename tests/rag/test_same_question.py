"""What must agree in two questions before their nearness counts."""

import pytest

from app.rag.same_question import MORE_WORDS_FROM, SAME_WORDS_FROM, differ, same_from


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2023年的目标是多少？", "2024年的目标是多少？"),
        ("灯具X-20的功率是多少？", "灯具X-30的功率是多少？"),
        ("年假有几天？", "婚假有几天？"),
        ("年假有几天？", "年假怎么申请？"),
        ("哪些可以报销？", "哪些不可以报销？"),
        ("怎么申请报销？", "怎么撤销报销申请？"),
        ("仓库几点开门？", "仓库几点关门？"),
        ("怎么开票？", "How are invoices issued?"),
        ("Where is the office in Berlin?", "Where is the office in Paris?"),
        ("Which costs are refunded?", "Which costs are not refunded?"),
        ("When is the deposit paid back?", "How much is the deposit?"),
        ("How many books may I borrow?", "How long may I borrow a book?"),
    ],
)
def test_two_questions_differ(one: str, other: str) -> None:
    assert differ(one, other) and differ(other, one)


@pytest.mark.parametrize(
    ("one", "other", "threshold"),
    [
        ("年假有几天？", "请问一共有多少天年假", SAME_WORDS_FROM),
        ("打印机卡纸怎么办？", "打印机卡纸了应该如何处理？", SAME_WORDS_FROM),
        ("When does the gym open?", "What time does the gym open?", SAME_WORDS_FROM),
        ("租赁押金什么时候退还？", "押金何时退还？", MORE_WORDS_FROM),
    ],
)
def test_other_words_for_the_same_are_compared_by_their_cosine(
    one: str, other: str, threshold: float
) -> None:
    assert not differ(one, other)
    assert same_from(one, other) == threshold
