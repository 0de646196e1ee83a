import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.chunking.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in sentence_spans(text, 0, len(text))]


@pytest.mark.parametrize(
    "expected",
    [
        ["今天下雨。", "明天呢？！", "不知道……", "好吧"],
        ["他说：“走吧！”", "她没动。", "（见附件。）", "完"],
        ["版本是3.5。", "价格为1,000元！", "A.B.C公司成立。"],
        ["“你好！”"],
    ],
)
def test_chinese(expected: list[str]) -> None:
    assert sentences("".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["Mr. Smith paid $3.50 to Acme Inc. on Jan. 5.", "He left."],
        ['She asked "Why?"', "Nobody knew!", "(See Fig. 3.)", "The end"],
        ["Use e.g. this one, i.e. that.", "J. R. R. Tolkien wrote it."],
        ["1. Open the door.", "2. Close it."],
        ["Visit example.com today.", "It works...", "Sometimes."],
    ],
)
def test_english(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


def test_mixed() -> None:
    assert sentences("He agreed. 于是签了字。Then he left.") == [
        "He agreed.",
        "于是签了字。",
        "Then he left.",
    ]


@given(st.text(alphabet="ab A。！？.!? \n”\"'…；1甲乙", max_size=80))
def test_spans_tile_the_text(text: str) -> None:
    spans = sentence_spans(text, 0, len(text))
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(start < end for start, end in spans)
