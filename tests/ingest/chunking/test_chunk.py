from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking.chunk import chunk, indexed_text
from ingest.embedding.hashing import HashingEmbedder
from ingest.parsing.builder import DocumentBuilder
from ingest.types import Block, BlockKind, Chunk, Document

counts = HashingEmbedder().token_counts

SENTENCES = [
    "试用期为三个月。",
    "期满后双方协商！",
    "合同到期怎么办？",
    "甲方应当在收到通知之日起三十日内，以书面形式答复；逾期未答复的，视为同意。",
    "他说：“可以续签。”",
    "Rent is due on the first of each month.",
    "The fee is 3.5 percent, i.e. less than before!",
    "Dr. Smith signed it at No. 5 Main St. yesterday?",
    "重复的条款。",
    "重复的条款。",
]
ROWS = [
    "病假 | 12 天",
    "Annual leave | 10 | 全体员工",
    "事假 | 无 | 需要书面申请并经部门负责人批准。",
]


def count(text: str) -> int:
    return counts([text])[0]


@st.composite
def documents(draw: st.DrawFn) -> tuple[Document, set[int]]:
    """A document, and all offsets at which a sentence, row or heading begins."""
    builder = DocumentBuilder(b"", "a.md", "text/markdown")
    parts: list[list[str]] = []
    kinds = st.sampled_from([BlockKind.PARAGRAPH] * 4 + [BlockKind.TABLE_ROW, BlockKind.HEADING])
    for kind in draw(st.lists(kinds, min_size=1, max_size=25)):
        if kind is BlockKind.PARAGRAPH:
            sentences = draw(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12))
            # An English sentence needs white space behind it; a Chinese one may have some.
            parts.append([s + (" " if s.isascii() else "") for s in sentences])
        else:
            pool = ROWS if kind is BlockKind.TABLE_ROW else ["总则", "Leave", "附则"]
            parts.append([draw(st.sampled_from(pool))])
        builder.add(kind, "".join(parts[-1]), level=draw(st.integers(1, 4)))
    document = builder.build()
    begins: set[int] = set()
    for block, pieces in zip(document.blocks, parts, strict=True):
        offset = block.start
        for piece in pieces:
            begins.add(offset)
            offset += len(piece)
    return document, begins


def check_spans(document: Document, chunks: list[Chunk]) -> None:
    """Exact, ordered, and together all that is not blank."""
    position = 0
    for number, piece in enumerate(chunks):
        assert document.text[piece.start : piece.end] == piece.text
        assert piece.text.strip() and piece.ordinal == number
        assert document.text[position : piece.start].strip() == ""
        assert piece.start >= position
        position = piece.end
    assert document.text[position:].strip() == ""


@given(documents(), st.integers(40, 200))
def test_chunks_are_exact_complete_and_begin_where_sentences_do(
    made: tuple[Document, set[int]], limit: int
) -> None:
    document, begins = made
    chunks = chunk(document, counts, max_tokens=limit)
    check_spans(document, chunks)
    for piece in chunks:
        assert piece.start in begins  # nothing here exceeds the limit by itself
        assert count(piece.text) <= limit


@given(st.text(max_size=400), st.integers(16, 60))
@settings(max_examples=300)
def test_any_text_at_all(text: str, limit: int) -> None:
    document = Document("id", "a.txt", "text/plain", "a", text)
    chunks = chunk(document, counts, max_tokens=limit)
    check_spans(document, chunks)
    assert all(count(piece.text) <= limit for piece in chunks)


@given(documents(), st.integers(40, 80))
def test_rows_stay_whole(made: tuple[Document, set[int]], limit: int) -> None:
    document, _ = made
    chunks = chunk(document, counts, max_tokens=limit)
    for block in document.blocks:
        if block.kind in (BlockKind.TABLE_ROW, BlockKind.HEADING):
            assert any(c.start <= block.start and block.end <= c.end for c in chunks)


def built(*blocks: tuple[BlockKind, str, int]) -> Document:
    builder = DocumentBuilder(b"x", "a.md", "text/markdown")
    for kind, text, level in blocks:
        builder.add(kind, text, level=level)
    return builder.build()


H, P = BlockKind.HEADING, BlockKind.PARAGRAPH
LONG = "合同双方应当全面履行各自的义务。" * 4  # 64 tokens


def test_a_chunk_does_not_cross_an_h2() -> None:
    document = built((H, "书", 1), (H, "甲", 2), (P, LONG, 0), (H, "乙", 2), (P, LONG, 0))
    chunks = chunk(document, counts, max_tokens=200)
    assert [c.headings for c in chunks] == [("书", "甲"), ("书", "乙")]
    assert chunks[0].text.startswith("书") and chunks[1].text.startswith("乙")


def test_tiny_siblings_share_a_chunk_but_not_with_another_parents() -> None:
    blocks = [
        (kind, text, level)
        for parent in ("甲", "乙")
        for kind, text, level in [
            (H, parent, 1),
            (P, LONG, 0),
            *((k, t, v) for n in "一二三" for k, t, v in [(H, n, 2), (P, "见附表。", 0)]),
        ]
    ]
    chunks = chunk(built(*blocks), counts, max_tokens=100)
    assert [c.headings for c in chunks] == [("甲",), ("乙",)]


def test_a_heading_is_never_left_at_the_end_of_a_chunk() -> None:
    blocks = [b for n in range(12) for b in [(H, f"第{n}节", 3), (P, LONG, 0)]]
    chunks = chunk(built((H, "书", 1), *blocks), counts, max_tokens=150)
    assert len(chunks) > 4
    assert not any(piece.text.splitlines()[-1].startswith("第") for piece in chunks)


def test_a_cut_right_after_a_heading_is_avoided_even_where_sizes_ask_for_it() -> None:
    heading = (H, "关于双方各自承担的义务与责任的若干具体规定", 3)
    rows = [(BlockKind.TABLE_ROW, LONG, 0)] * 2
    document = built((P, LONG[:48], 0), heading, *rows)
    chunks = chunk(document, counts, max_tokens=120)
    assert [piece.text.endswith("规定") for piece in chunks] == [False] * len(chunks)


def test_a_sentence_beyond_the_limit_is_cut_at_its_commas() -> None:
    clause = "乙方应当按月支付租金，"
    chunks = chunk(built((P, clause * 30 + "不得拖欠。", 0)), counts, max_tokens=50)
    assert len(chunks) > 6
    assert all(piece.text.endswith("，") for piece in chunks[:-1])
    assert all(count(piece.text) <= 50 for piece in chunks)


@pytest.mark.parametrize("sentence", ["字" * 300, "字 " * 200, "甲、乙，" * 100])
def test_a_sentence_without_an_end_is_cut_without_loss_or_overlap(sentence: str) -> None:
    document = built((P, "前言。", 0), (P, sentence, 0), (P, "后记。", 0))
    chunks = chunk(document, counts, max_tokens=30)
    check_spans(document, chunks)
    assert all(count(piece.text) <= 30 for piece in chunks)
    assert "".join("".join(c.text for c in chunks).split()) == "".join(document.text.split())


def test_a_row_beyond_the_limit_stays_whole_up_to_twice_the_limit() -> None:
    row = " | ".join(["单元格"] * 20)  # 79 tokens
    document = built((BlockKind.TABLE_ROW, "短 | 行", 0), (BlockKind.TABLE_ROW, row, 0))
    assert chunk(document, counts, max_tokens=40)[-1].text == row
    assert all(count(c.text) <= 20 for c in chunk(document, counts, max_tokens=20))


def test_rows_cut_off_from_their_header_carry_it_in_the_path() -> None:
    rows = [(BlockKind.TABLE_ROW, f"员工{n} | {n} 天", 0) for n in range(40)]
    document = built((H, "请假", 1), (BlockKind.TABLE_HEADER, "姓名 | 天数", 0), *rows)
    chunks = chunk(document, counts, max_tokens=60)
    assert len(chunks) > 3
    assert chunks[0].headings == ("请假",)
    assert {piece.headings for piece in chunks[1:]} == {("请假", "姓名 | 天数")}


def test_the_path_is_the_one_common_to_all_of_a_chunk() -> None:
    document = built((H, "书", 1), (P, "引言。", 0), (H, "甲", 3), (P, "一。", 0), (H, "乙", 3))
    assert [c.headings for c in chunk(document, counts)] == [("书",)]


def test_chunks_are_of_about_equal_size() -> None:
    document = built(*[(P, LONG, 0)] * 9)
    sizes = [count(piece.text) for piece in chunk(document, counts, max_tokens=400)]
    assert len(sizes) == 2 and abs(sizes[0] - sizes[1]) <= 64


def test_pages_are_those_of_the_first_character() -> None:
    builder = DocumentBuilder(b"x", "a.pdf", "application/pdf")
    for page in (1, 2):
        builder.page(page)
        builder.paragraph(LONG)
    assert [c.page for c in chunk(builder.build(), counts, max_tokens=64)] == [1, 2]


def test_a_chunk_over_several_slides_tells_what_stands_where() -> None:
    builder = DocumentBuilder(b"x", "a.pptx", "application/x")
    for page, text in enumerate(("第一张。", "", "第三张。"), start=1):
        builder.page(page)
        builder.place(f"slide {page}")
        builder.paragraph(text)
    document = builder.build()
    (piece,) = chunk(document, counts, max_tokens=64)
    assert piece.page == 1
    assert [
        (document.text[s.start : s.end].strip(), s.page, s.locator) for s in piece.stretches
    ] == [("第一张。", 1, "slide 1"), ("第三张。", 3, "slide 3")]
    (alone,) = chunk(built((P, "没有页。", 0)), counts, max_tokens=64)
    assert alone.stretches == ()


def test_each_sentence_is_counted_once() -> None:
    counted: list[str] = []

    def counting(texts: Sequence[str]) -> list[int]:
        counted.extend(texts)
        return counts(texts)

    document = built(*[(P, LONG, 0)] * 200)
    chunk(document, counting)
    assert sum(map(len, counted)) <= len(document.text)


def test_text_between_blocks_is_not_lost() -> None:
    text = "前言。\n\n正文。\n\n后记。"
    document = Document("id", "a", "text/plain", "a", text, (Block(P, 5, 8),))
    check_spans(document, chunk(document, counts))


def test_too_small_a_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        chunk(built((P, "字。", 0)), counts, max_tokens=15)


def test_indexed_text_puts_title_and_path_in_front() -> None:
    assert indexed_text("手册", ("手册", "请假"), "病假。") == "手册\n请假\n病假。"
    assert indexed_text("", (), "病假。") == "病假。"
    long = indexed_text("题" * 500, ("节" * 500,), "病假。")
    assert len(long) < 250 and long.endswith("\n病假。")


@pytest.mark.parametrize("text", ["甲。乙。", "One. Two."])
def test_neighbours_do_not_overlap(text: str) -> None:
    document = built((P, text * 60, 0))
    for before, after in pairwise(chunk(document, counts, max_tokens=20)):
        assert before.end <= after.start


def test_the_bars_around_table_rows_are_neither_counted_nor_indexed() -> None:
    builder = DocumentBuilder(b"", "a.docx", "x")
    builder.table([["", "早班", "夜班"], ["内科", "李护士", ""], ["外科", "", "王护士"]])
    document = builder.build()
    rows = ["| | 早班 | 夜班 |", "| 内科 | 李护士 | |", "| 外科 | | 王护士 |"]
    bare = ["| 早班 | 夜班", "内科 | 李护士 |", "外科 | | 王护士"]
    counted: list[str] = []

    def count_tokens(texts: Sequence[str]) -> list[int]:
        counted.extend(texts)
        return counts(texts)

    (found,) = chunk(document, count_tokens, max_tokens=200)

    assert found.text.split("\n") == rows, "the text itself keeps them"
    assert indexed_text("", found.headings, found.text).split("\n") == bare
    lines = [line.strip() for text in counted for line in text.split("\n") if line.strip()]
    assert set(lines) == set(bare)
