"""What is said to the reader is not judged; what is said behind it is."""

import pytest

from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.grounding.speech import claims_of
from tests.rag.passages import passage

LEAVE = passage("年假每年15天。病假每年10天，须经主管批准。手册提供纸质版。")


def verdicts(answer: str) -> list[str]:
    return [check.verdict for check in EmbeddedChecker().check("", answer, [LEAVE])]


@pytest.mark.parametrize(
    ("words", "claim"),
    [
        ("当然，年假每年30天。", "年假每年30天。"),
        ("好的，病假无须主管批准。", "病假无须主管批准。"),
        ("Certainly, leave is 30 days.", "leave is 30 days."),
        ("Thanks to new heating, rooms are warm.", "Thanks to new heating, rooms are warm."),
        ("祝融号是中国的火星车。", "祝融号是中国的火星车。"),
        ("希望小学设在王村。", "希望小学设在王村。"),
        ("如需请假，须经主管批准。", "如需请假，须经主管批准。"),
        ("Here is the rule: pets are forbidden.", "pets are forbidden."),
        ("资料中没有提到病假，但年假每年30天。", "但年假每年30天。"),
        ("The sources do not mention a sauna, but pets are welcome.", "but pets are welcome."),
    ],
)  # fmt: skip
def test_a_polite_word_or_a_refusal_hides_no_other_clause(words: str, claim: str) -> None:
    assert claims_of(words, ()) == claim


@pytest.mark.parametrize(
    "words",
    [
        "当然！",
        "好的，我来为您解答。",
        "感谢您的提问，祝您工作顺利！",
        "希望以上信息对您有帮助。",
        "如果您还有其他问题，请随时联系我们。",
        "如有疑问，请联系人力资源部。",
        "Thank you for your question!",
        "If you have any other questions, please contact the HR department.",
        "资料中没有提到病假，因此无法回答。",
        "资料中没有找到相关规定，建议咨询人事部。",
        "很抱歉，我无法从资料中找到答案。",
        "Sorry, I could not find this in the sources.",
        "The sources do not say when, so I cannot answer.",
    ],
)
def test_what_is_only_said_to_the_reader_states_nothing(words: str) -> None:
    assert claims_of(words, ()) == ""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("当然，年假每年30天。", "contradicted"),
        ("当然，年假每年15天。", "supported"),
        ("资料中没有提到婚假，但年假每年30天。", "contradicted"),
        ("资料中没有提到婚假，但年假每年15天。", "supported"),
        ("手册未提供纸质版。", "contradicted"),
        ("手册未提供婚假的信息。", "no_statement"),
    ],
)
def test_the_claim_is_judged_by_itself(answer: str, expected: str) -> None:
    assert verdicts(answer) == [expected]


def test_a_long_run_of_polite_words_takes_no_time() -> None:
    assert claims_of("感谢您您" * 5000 + "的", ()) != ""
