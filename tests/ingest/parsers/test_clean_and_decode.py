import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clean import clean, unwrap
from ingest.errors import ParseError
from ingest.parsing.decode import decode
from ingest.terms import terms

CHINESE = "劳动合同由用人单位与劳动者协商一致，并经双方在文本上签字后生效。"
TRADITIONAL = "勞動合約由雙方協商一致，並經簽字後生效，期滿之後可以續約，也可以不續約。"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", [CHINESE, "试用期", "第一条：工资 5,000 元"])
def test_chinese_in_its_encodings(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "a.txt") == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(encoding: str) -> None:
    assert decode("Plain words, 和中文".encode(encoding), "a.txt") == "Plain words, 和中文"


def test_big5_and_four_byte_gb18030() -> None:
    assert decode(TRADITIONAL.encode("big5"), "a.txt") == TRADITIONAL
    rare = CHINESE + "𠮷〇"
    assert decode(rare.encode("gb18030"), "a.txt") == rare


def test_western_and_korean_are_not_taken_for_chinese() -> None:
    english = "The café’s lease – “as agreed” – ends in May; it’s the tenant’s duty to say so."
    assert decode(english.encode("cp1252"), "a.txt") == english
    korean = "계약은 서명한 날부터 효력이 있으며 기간은 삼 년으로 한다. 양 당사자는 이를 지킨다."
    assert decode(korean.encode("euc-kr"), "a.txt") == korean


def test_one_bad_byte_does_not_change_the_encoding() -> None:
    data = CHINESE.encode() * 50 + b"\xff" + CHINESE.encode()
    assert decode(data, "a.txt").count(CHINESE) == 51


def test_declared_encodings_come_first_where_they_fit() -> None:
    assert decode(CHINESE.encode("gb18030"), "a.html", declared="gb2312") == CHINESE
    assert decode(CHINESE.encode(), "a.html", declared="ascii") == CHINESE
    assert decode(CHINESE.encode(), "a.html", declared="no-such-thing") == CHINESE


@pytest.mark.parametrize("declared", ["gb2312", "big5", "iso-8859-1", "windows-1252", "koi8-r"])
def test_utf8_is_read_as_such_whatever_the_file_says(declared: str) -> None:
    for text in (CHINESE, "年假", "第1条：年假 5 天", "Café, 18 °C für Öl", "契約の期間"):
        if declared in {"iso-8859-1", "windows-1252"} or text[0] > "z":
            assert decode(text.encode(), "a.html", declared=declared) == text


@pytest.mark.parametrize("declared", ["iso-8859-1", "ISO_8859-1", "windows-1252", "latin1"])
def test_western_encodings_are_believed_where_the_letters_are_western(declared: str) -> None:
    for text in (CHINESE, "年假", "年假五天", "房租 1,200 元"):
        assert decode(text.encode("gbk"), "a.eml", declared=declared) == text
    for text in ("Müller", "André", "Ångström", "señal", "Größe: 5 m²", "18 °C", "naïve café",
                 "Élève à côté", "“quoted” – it’s", "São João", "Søren Ærø", "£5 ½", "Übergröße",
                 "Françoise Lefèvre", "garçon", "Œuvre", "¿Qué?"):  # fmt: skip
        assert decode(text.encode("cp1252"), "a.eml", declared=declared) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [
        "一楼的仓库最近在盘点，一共三天。\n最后一天下午五点结束。\n",
        "合同一式两份，双方各执一份。\r\n\r\n自签字之日起生效。\r\n",
        "倉庫最後一次盤點，一共三天。",
        "最後の一日は午後五時まで。\n",
        "안전 점검 기록을 남기고 서명한다.\n",
        "Журнал осмотра насосов\n",
        "name,price\nrope,3\n",
    ],
)
def test_utf16_without_a_mark_in_prose(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "a.txt") == text


def test_binary_data_is_refused() -> None:
    with pytest.raises(ParseError) as caught:
        decode(bytes(range(256)) * 4, "a.txt")
    assert caught.value.code == "encoding"


def test_clean() -> None:
    assert clean("a\x00b\u200bc\ufeff\u00add\r\ne\rf\u2028g") == "abcd\ne\nf\ng"
    assert clean("cafe\u0301 ①ＡＢ²") == "café ①ＡＢ²"  # NFC, not NFKC
    assert clean("a \t\n\n\n\n\nb\u00a0c") == "a\n\nb c"
    assert clean("👩\u200d💻 中\u200d文") == "👩\u200d💻 中文"


def test_radicals_are_read_as_the_characters_that_are_meant() -> None:
    assert clean("⻢⻋⻜⻰⻅⻉，⼈⼯⻝堂⿓⽔") == "马车飞龙见贝，人工食堂龍水"
    assert terms("⻢力⽔") == terms("马力水")


@given(st.text())
def test_clean_text_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once) and "\x00" not in once and "\r" not in once


def test_unwrap() -> None:
    assert unwrap("中文\n  换行\nEnglish words\nwrap，\n好") == "中文换行 English words wrap，好"
