"""Each rule by a question of each kind, in both languages."""

import pytest

from app.llm.routing import LONG_FROM, SURE_FROM, Case, Decision, named_documents, route

DOCUMENTS = ("员工手册.md", "差旅制度.pdf", "Security FAQ.txt")


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (Case("年假有几天？", DOCUMENTS), "simple"),
        (Case("How long are backups kept?", DOCUMENTS), "simple"),
        (Case("员工手册里年假有几天？", DOCUMENTS), "simple"),
        (Case("年假" * (LONG_FROM // 2) + "？"), "long"),
        (Case("Please tell me " + "and then " * LONG_FROM), "long"),
        (Case("年假和病假的区别是什么？"), "comparison"),
        (Case("Compare the two plans."), "comparison"),
        (Case("How does plan A differ from plan B?"), "comparison"),
        (Case("员工手册和差旅制度对住宿怎么规定？", DOCUMENTS), "several_documents"),
        (Case("What do security faq and 员工手册 say?", DOCUMENTS), "several_documents"),
        (Case("年假有几天？", confidence=SURE_FROM - 0.01), "unsure"),
    ],
)
def test_a_question_and_why(case: Case, reason: str) -> None:
    expected = "small" if reason == "simple" else "large"
    assert route(case) == Decision(expected, reason)  # type: ignore[arg-type]  # a reason by its name


def test_the_same_document_found_twice_counts_once() -> None:
    assert named_documents("员工手册第几条？", ["员工手册.md", "员工手册.md", "a.md"]) == 1
