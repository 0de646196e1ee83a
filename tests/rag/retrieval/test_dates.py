"""A date is searched in both forms."""

import pytest

from app.rag.retrieval.dates import otherwise_dated


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("五月二十一日谁值班？", "5月21日谁值班？"),
        ("十二月十日发什么？", "12月10日发什么？"),
        ("二〇二五年十月三号的记录", "2025年10月3号的记录"),
        ("5月21日谁值班？", "五月二十一日谁值班？"),
        ("2025年10月3号的记录", "二〇二五年十月三号的记录"),
        ("2025 年的目标", "二〇二五 年的目标"),
        ("年假有几天？", ""),
        ("保修三个月吗？", ""),
        ("一年几次？", ""),
        ("What happened on May 21?", ""),
    ],
)
def test_a_date_is_written_otherwise(text: str, other: str) -> None:
    assert otherwise_dated(text) == other
