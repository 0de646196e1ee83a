import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.terms import query_terms, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("试用期", ["试", "用", "期", "试用", "用期"]),
        ("GB18030 编码", ["gb18030", "编", "码", "编码"]),
        ("Ｑwen２．５ 版", ["qwen2", "5", "qwen25", "版"]),
        ("3.5 和 1,000 与 1.2.3", ["3d5", "和", "1000", "与", "1d2d3"]),
        ("e-mail don't", ["e", "mail", "email", "don", "t", "dont"]),
        ("snake_case", ["snake", "case", "snakecase"]),
        ("Straße CAFÉ", ["strasse", "strass", "café"]),
        ("ひらがな", ["ひ", "ら", "が", "な", "ひら", "らが", "がな"]),
        ("한국어", ["한", "국", "어", "한국", "국어"]),
        ("𠮷野家", ["𠮷", "野", "家", "𠮷野", "野家"]),
        ("員工試用", ["员", "工", "试", "用", "员工", "工试", "试用"]),
        ("Sensors running", ["sensors", "sensor", "running", "run"]),
        ("第12条", ["第", "12", "条"]),
        ("，。!? ---", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_query_terms_are_distinct_and_bounded() -> None:
    assert query_terms("合同 合同 contract Contract") == ["合", "同", "合同", "contract"]
    assert len(query_terms("".join(chr(0x4E00 + n % 5000) for n in range(100_000)))) <= 512


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("体检在哪个月？", ["体", "检", "体检", "月"]),
        ("公司有多少员工", ["公", "司", "公司", "员", "工", "员工"]),
        ("誰負責審批", ["负", "责", "审", "批", "负责", "责审", "审批"]),
        ("几内亚", ["几", "内", "亚", "几内", "内亚"]),
        ("什么是什么？", ["什", "么", "是", "什么", "么是", "是什"]),
    ],
)
def test_what_only_asks_is_not_looked_up(question: str, expected: list[str]) -> None:
    assert query_terms(question) == expected
    assert set(query_terms(question)) <= set(terms(question))


@given(st.text())
def test_terms_are_letters_and_digits(text: str) -> None:
    assert all(term.isalnum() and len(term) <= 64 for term in terms(text))


@given(st.text(alphabet="合同3.5,-_'\"*():^ABÉé𠮷ヶーｶﾞ가0²①", max_size=30))
def test_fts5_finds_every_term_of_a_text(text: str) -> None:
    found = terms(text)
    database = sqlite3.connect(":memory:")
    database.execute("create virtual table t using fts5(body)")
    database.execute("insert into t values (?)", (" ".join(found),))
    for term in found:
        assert database.execute("select count(*) from t(?)", (f'"{term}"',)).fetchone() == (1,)
    database.close()
