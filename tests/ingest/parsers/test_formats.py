"""Sheets, slides, books, messages, archives: what is kept of each, and where a chunk says it is."""

from itertools import pairwise

import pytest

from ingest.chunking.chunk import chunk
from ingest.embedding.hashing import HashingEmbedder
from ingest.errors import ParseError
from ingest.parsers import parse
from ingest.types import Chunk, Document
from tests.ingest.files import pdf_file, word_file
from tests.ingest.office_files import (
    RTF,
    SALARIES,
    eml_file,
    epub_file,
    msg_file,
    odt_file,
    pptx_file,
    xls_file,
    xlsx_file,
    zip_file,
)
from tests.ingest.parsers.test_parsers import CODE, HEADER, HEADING, PARAGRAPH, ROW, blocks

COUNT = HashingEmbedder().token_counts


def chunked(document: Document, max_tokens: int = 64) -> list[Chunk]:
    chunks = chunk(document, COUNT, max_tokens=max_tokens)
    for one in chunks:
        assert document.text[one.start : one.end] == one.text
    return chunks


# Sheets


@pytest.mark.parametrize(("make", "name"), [(xlsx_file, "薪资.xlsx"), (xls_file, "薪资.xls")])
def test_a_sheet_has_titles_headers_and_numbered_rows(make, name) -> None:  # type: ignore[no-untyped-def]
    document = parse(make({"薪资": SALARIES, "空": [], "Notes": [["Only words here"]]}), name)
    assert blocks(document) == [
        (HEADING, "薪资"),
        (PARAGRAPH, "薪资表"),
        (HEADER, "| 姓名 | 部门 | 月薪 |"),
        (ROW, "| 王芳 | 销售 | 8200 |"),
        (ROW, "| 李明 | 研发 | 9600.5 |"),
        (HEADER, "| Grade | Bonus |"),
        (ROW, "| A | 2 months |"),
        (HEADING, "Notes"),
        (PARAGRAPH, "Only words here"),
    ]
    at = document.text.index("李明")
    assert document.locator(at, at + 2) == "sheet 薪资, row 4"
    assert document.locator(0, len(document.text)) == "sheet 薪资, rows 1–7"
    at = document.text.index("Only")
    assert document.locator(at, at + 4) == "sheet Notes, row 1"


def test_chunks_of_a_sheet_name_their_rows_and_repeat_the_header() -> None:
    rows = [["编号", "姓名"], *([f"{n:04}", f"员工{n}"] for n in range(1, 201))]
    chunks = chunked(parse(xlsx_file({"名单": rows}), "a.xlsx"))
    assert len(chunks) > 5
    for before, after in pairwise(chunks):
        assert after.headings[-1] == "| 编号 | 姓名 |"
        last = before.text.rsplit("\n", 1)[-1].split(" ")[1]
        first = after.text.split(" ")[1]
        assert int(first) == int(last) + 1  # whole rows, none twice
        assert after.locator is not None
        assert after.locator.startswith(f"sheet 名单, rows {int(first) + 1}–")


def test_a_cell_merged_downwards_is_in_each_of_its_rows() -> None:
    rows = [["部门", "姓名"], ["销售", "王芳"], [None, "李明"]]
    document = parse(xlsx_file({"S": rows}, merged=[(1, 0, 2, 0)]), "a.xlsx")
    assert (ROW, "| 销售 | 李明 |") in blocks(document)


def test_csv_rows_have_numbers() -> None:
    document = parse("甲,乙\n1,2\n\n3,4\n".encode(), "a.csv")
    at = document.text.index("3 | 4")
    assert document.locator(at, at + 5) == "row 4"


# Slides


def test_slides() -> None:
    document = parse(pptx_file(), "总结.pptx")
    assert blocks(document) == [
        (HEADING, "季度总结"),
        (PARAGRAPH, "Sales team"),
        (HEADING, "目标"),
        (PARAGRAPH, "收入增长百分之十"),
        (PARAGRAPH, "- 华东区优先"),
        (HEADER, "| Region | Target |"),
        (ROW, "| East | 120 |"),
        (PARAGRAPH, "提醒大家看附件"),
        (HEADING, "Chart"),
        (HEADER, "| | Income |"),
        (ROW, "| Q1 | 10 |"),
        (ROW, "| Q2 | 20 |"),
    ]
    at = document.text.index("East")
    assert (document.page_at(at), document.locator(at, at + 4)) == (2, "slide 2")


# Books and texts


def test_an_epub_is_read_in_the_order_of_its_spine() -> None:
    document = parse(epub_file(), "a.epub")
    assert document.title == "小镇故事"
    assert [text for _, text in blocks(document)] == ["第一章", "镇上下雨。", "第二章", "雨停了。"]


def test_odt() -> None:
    assert blocks(parse(odt_file(), "a.odt")) == [
        (HEADING, "会议纪要"),
        (PARAGRAPH, "第一 项\nsecond"),
        (PARAGRAPH, "- 签到"),
        (HEADER, "| 项目 | 负责人 |"),
        (ROW, "| 搬迁 | 赵云 |"),
    ]


def test_rtf_in_a_chinese_code_page() -> None:
    assert blocks(parse(RTF, "a.rtf")) == [
        (PARAGRAPH, "通知"),
        (PARAGRAPH, "Office closed on Friday."),
        (HEADER, "| Day | Hours |"),
        (ROW, "| Monday | 9-17 |"),
    ]


def test_flat_json_records_are_rows_and_nested_ones_lines() -> None:
    flat = '[{"姓名": "王芳", "年龄": 31}, {"姓名": "李明", "城市": null}]'
    assert blocks(parse(flat.encode("utf-16"), "a.json")) == [
        (HEADER, "| 姓名 | 年龄 | 城市 |"),
        (ROW, "| 王芳 | 31 | |"),
        (ROW, "| 李明 | | |"),
    ]
    nested = b'{"name": "Zhiwen", "limits": {"pages": 5, "tags": ["a", "b"]}}'
    assert blocks(parse(nested, "a.json")) == [
        (PARAGRAPH, "name: Zhiwen"),
        (HEADING, "limits"),
        (PARAGRAPH, "pages: 5\ntags: a, b"),
    ]
    lines = b'{"q": "one", "a": {"text": "1"}}\n\n{"q": "two", "a": {"text": "2"}}\n'
    assert blocks(parse(lines, "a.jsonl")) == [
        (PARAGRAPH, "q: one\na.text: 1"),
        (PARAGRAPH, "q: two\na.text: 2"),
    ]


# Messages and archives


def test_a_message_says_things_once_and_its_attachments_are_sections() -> None:
    pdf = pdf_file([[("第一页的发票。", 12)], [("Second page total 300.", 12)]])
    attachments = {"明细.pdf": pdf, "tool.exe": b"MZ", "空.txt": b""}
    document = parse(eml_file(attachments), "a.eml")
    assert document.title == "报销通知"
    assert document.text.count("请在周五前提交发票。") == 1
    assert "From: 财务 <finance@example.com>" in document.text
    assert "[tool.exe]" in document.text and "[空.txt] 空.txt is empty." in document.text
    at = document.text.index("total 300")
    assert document.locator(at, at + 5) == "明细.pdf, page 2"
    assert document.locator(0, 4) is None


def test_an_outlook_message() -> None:
    data = msg_file("停电通知", "周六停电一天。", ("安排.txt", "上午九点开始。".encode()))
    document = parse(data, "a.msg")
    assert document.title == "停电通知"
    assert "陈静" in document.text and "周六停电一天。" in document.text
    at = document.text.index("上午九点")
    assert document.locator(at, at + 4) == "安排.txt"


def test_an_archive_is_one_document_with_its_members_as_sections() -> None:
    inner = zip_file({"深处.md": "# 标题\n\n内层的话。"})
    members = {
        "制度/手册.docx": word_file(),
        "表.xlsx": xlsx_file({"薪资": SALARIES}),
        "内.zip": inner,
        "__MACOSX/x.txt": "litter",
        "app.bin": b"\x00\x01",
    }
    document = parse(zip_file(members), "资料.zip")
    assert document.title == "资料"
    assert "litter" not in document.text and "[app.bin]" in document.text
    at = document.text.index("王芳")
    assert document.locator(at, at + 2) == "表.xlsx, sheet 薪资, row 3"
    at = document.text.index("内层的话")
    assert document.locator(at, at + 2) == "内.zip, 深处.md"
    headings = {chunk.headings for chunk in chunked(document)}
    assert any("制度/手册.docx" in path for path in headings)


def test_names_in_gbk_are_understood() -> None:
    data = zip_file({"xxxx.txt": "内容在此。"}).replace(b"xxxx", "报告".encode("gbk"))
    assert "报告.txt" in parse(data, "a.zip").text


def test_code_in_an_attached_page_stays_code() -> None:
    document = parse(zip_file({"a.md": "```\nx = 1\n```"}), "a.zip")
    assert (CODE, "x = 1") in blocks(document)


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "shift_jis", "utf-16", "utf-8-sig"])
def test_encodings(encoding: str) -> None:
    texts = {
        "big5": "本公司員工於每年年底可以申請特別休假，並應於兩週前提出申請。",
        "shift_jis": "この契約は署名の日から三年間有効とし、満了の三か月前までに通知する。",
    }
    text = texts.get(encoding, "本合同自双方签字之日起生效，有效期为三年，到期前一个月书面通知。")
    assert parse(text.encode(encoding), "a.txt").text == text


def test_damaged_files_are_refused_by_name() -> None:
    files = {
        "a.xlsx": xlsx_file({"S": SALARIES}),
        "a.pptx": pptx_file(),
        "a.odt": odt_file(),
        "a.epub": epub_file(),
        "a.zip": zip_file({"a.txt": "words"}),
        "a.msg": msg_file("x", "y"),
        "a.xls": xls_file({"S": SALARIES}),
        "a.rtf": RTF,
    }
    for name, data in files.items():
        for bad in (data[: len(data) // 3], b"\xff\x00 something else"):
            if name == "a.rtf" and bad is not data and bad.startswith(b"{"):
                continue  # half a letter is still a letter
            with pytest.raises(ParseError, match=r"a\.\w+ ") as caught:
                parse(bad, name)
            assert caught.value.code == "broken"
