"""What is no character in a request is replaced, and all else stays as it was sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.characters import clean_json

SCALARS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(SCALARS, st.booleans(), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_a_text_of_characters_stays(text: str, escaped: bool, encoding: str) -> None:
    body = json.dumps({text: [text]}, ensure_ascii=escaped).encode(encoding)
    assert json.loads(clean_json(body)) == {text: [text]}


@given(st.text(st.characters() | st.sampled_from("\0\ud83d\ude00\\u0")), st.booleans())
def test_any_text_can_be_written_as_utf_8(text: str, escaped: bool) -> None:
    body = json.dumps({text: text}, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    for read in json.loads(clean_json(body)).popitem():
        read.encode()
        assert "\0" not in read


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (rb'"\ud83d"', "\ufffd"),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd😀"),
        (rb'"\ude00\uD83D"', "\ufffd\ufffd"),
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'"\\u0000 \\ud83d"', r"\u0000 \ud83d"),  # a backslash, then letters
        (rb'"\\\u0000"', "\\\ufffd"),
        (b'"\xed\xa0\xbd"', "\ufffd"),
    ],
)
def test_halves_and_nul(sent: bytes, read: str) -> None:
    assert json.loads(clean_json(sent)) == read


def test_what_is_no_text_is_left_to_the_parser() -> None:
    assert clean_json(b"\xff\\u") == b"\xff\\u"
