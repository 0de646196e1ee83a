"""Tables over several chunks: where they begin, go on and end."""

from dataclasses import replace

from app.rag.extractive.table import tables_of
from app.rag.retrieval.pack import widen
from app.rag.types import ChunkSpan, Passage
from tests.rag.passages import around, chunks_of

TABLE = [
    "价格：\n\n型号 | 价格\nA1 | 10 元\nA2 | 20 元",
    "A3 | 30 元\nA4 | 40 元",
    "A5 | 50 元\n\n完。",
]
CARRIED = ("价格", "型号 | 价格")


def priced() -> list[Passage]:
    """A table over three chunks; the reader puts its head among the headings of the latter two."""
    first, *rest = chunks_of("d1", TABLE)
    return [first, *(replace(each, headings=CARRIED) for each in rest)]


def test_a_table_that_goes_on_is_not_whole_whichever_chunk_was_the_best() -> None:
    chunks = priced()
    for best in (0, 1):
        # What stands around is known one chunk further than what comes along.
        joined = widen([chunks[best]], around(*chunks[:2]), 1)
        assert len(joined[0].parts) == 2
        (table,) = tables_of(joined, around(*chunks))
        assert (table.head, len(table.rows), table.whole) == (("型号", "价格"), 4, False), best


def test_a_table_that_ends_is_whole_whichever_chunk_was_the_best() -> None:
    chunks = priced()
    chunks[2] = replace(chunks[2], headings=("另一节",), text="没有表格。")
    for best in (0, 1):
        joined = widen([chunks[best]], around(*chunks[:2]), 1)
        (table,) = tables_of(joined, around(*chunks))
        assert table.whole, best


def test_a_chunk_over_two_pages_counts_once() -> None:
    first, second, _ = priced()
    half = first.start + 12
    parts = (
        ChunkSpan(first.chunk_id, first.start, half, 1),
        ChunkSpan(first.chunk_id, half, first.end, 2),
    )
    (table,) = tables_of([replace(first, parts=parts)], around(first, second))
    assert not table.whole


def test_the_head_of_the_first_chunk_counts_where_another_was_the_best() -> None:
    """Its own headings would say that the table began there."""
    chunks = priced()
    chunks[0] = replace(chunks[0], text="型号 | 价格\nA1 | 10 元\nA2 | 20 元")
    chunks[2] = replace(chunks[2], headings=("另一节",), text="没有表格。")
    joined = widen([chunks[1]], around(*chunks[:2]), 1)
    for known in (around(*chunks), None):
        (table,) = tables_of(joined, known)
        assert [row[0] for row in table.rows] == ["A1", "A2", "A3", "A4"]
    (table,) = tables_of(joined, around(*chunks))
    assert table.whole
