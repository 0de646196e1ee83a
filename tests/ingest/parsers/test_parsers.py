import zipfile
from io import BytesIO

import pytest
from bs4.element import Tag

from ingest.errors import ParseError, UnsupportedFormat
from ingest.parsers import parse, parser_for, supported_extensions
from ingest.types import BlockKind, Document
from tests.ingest.files import encrypted, pdf_file, word_file

HEADING, PARAGRAPH = BlockKind.HEADING, BlockKind.PARAGRAPH
HEADER, ROW, CODE = BlockKind.TABLE_HEADER, BlockKind.TABLE_ROW, BlockKind.CODE


def blocks(document: Document) -> list[tuple[BlockKind, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def levels(document: Document) -> list[int]:
    return [block.level for block in document.blocks if block.kind is HEADING]


def refusal(data: bytes, name: str) -> str:
    with pytest.raises(ParseError) as caught:
        parse(data, name)
    assert name.rsplit("/", maxsplit=1)[-1] in str(caught.value)
    return caught.value.code


# Choosing a parser


def test_every_family_is_registered() -> None:
    assert {".txt", ".md", ".html", ".csv", ".tsv", ".pdf", ".docx"} <= set(supported_extensions())


def test_the_suffix_decides_in_either_case() -> None:
    assert parser_for("A.PDF") is parser_for("b.pdf")


@pytest.mark.parametrize("name", ["tool.exe", "no-suffix", ".pdf/..", ""])
def test_unknown_formats_are_refused_with_the_list(name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=r"docx.*pdf.*txt"):
        parser_for(name)


@pytest.mark.parametrize("name", ["../../etc/a.txt", "C:\\folder\\a.txt", "/abs/a.txt", "a.txt"])
def test_folders_are_stripped_from_names(name: str) -> None:
    assert parse(b"words", name).name == "a.txt"


@pytest.mark.parametrize("data", [b"", b" \n\r\n\t", b"\xef\xbb\xbf", b"\x00\x00\x00"])
@pytest.mark.parametrize("suffix", ["txt", "md", "html", "csv", "pdf", "docx"])
def test_empty_files(data: bytes, suffix: str) -> None:
    assert refusal(data, f"a.{suffix}") == "empty"


def test_binary_content_behind_a_text_suffix() -> None:
    assert refusal(b"%PDF-1.7 ...", "a.txt") == "broken"
    assert refusal(b"\x89PNG\r\n\x1a\n" + bytes(100), "a.md") == "encoding"
    assert refusal(bytes(range(256)) * 20, "a.txt") == "encoding"


def test_text_without_letters_has_no_text() -> None:
    assert refusal(b"--- *** ---", "a.txt") == "no_text"


# Text


def test_lines_of_their_own_are_paragraphs_and_chapters_are_headings() -> None:
    document = parse(
        "第一章 总则\n\n第一条 立约双方应当守信。\n第二条 期限三年。".encode(), "约.txt"
    )
    assert blocks(document) == [
        (HEADING, "第一章 总则"),
        (PARAGRAPH, "第一条 立约双方应当守信。"),
        (PARAGRAPH, "第二条 期限三年。"),
    ]
    assert document.title == "第一章 总则"


def test_wrapped_lines_are_one_paragraph() -> None:
    text = (
        "The tenant shall give written notice of\nat least thirty days before the end of\n"
        "the term. Rent is due."
    )
    assert blocks(parse(text.encode(), "a.txt")) == [(PARAGRAPH, text)]


def test_a_short_line_above_a_long_one_is_a_heading() -> None:
    long = "公司在本年度完成了三项收购，员工人数由年初的二百人增至年末的三百五十人，增幅显著。"
    document = parse(f"治理结构\n{long}\n甲\n乙\n\n苹果\n梨".encode(), "a.txt")
    assert [kind for kind, _ in blocks(document)] == [HEADING, *[PARAGRAPH] * 5]
    assert document.title == "治理结构"


def test_title_falls_back_to_the_file_name() -> None:
    assert parse(b"just words", "folder/My notes.v2.txt").title == "My notes.v2"


# Markdown

MARKDOWN = """---
title: 手册
---
# 员工 *手册*

见 [制度](http://x.test/y)，图 ![流程](a.png)。
下一行

## 请假

1. 年假
2. 病假
   - 附证明

| 类别 | 天数 |
|---|---|
| 病假 | `12` |

```python
# not a heading
x = 1
```

<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>
"""


def test_numbers_of_a_markdown_list_are_those_that_a_reader_sees() -> None:
    source = "1. 关阀\n2. ```\n   drain\n   ```\n3. 换垫\n4.\n5. 开阀\n"
    texts = [text for kind, text in blocks(parse(source.encode(), "a.md")) if kind == PARAGRAPH]
    assert texts == ["1. 关阀", "3. 换垫", "5. 开阀"]
    document = parse("租金 3500<sup>1</sup> 元，H<sub>2</sub>O，丁<br>戊".encode(), "a.md")
    assert document.text == "租金 3500¹ 元，H₂O，丁\n戊"


def test_what_a_front_matter_says_is_read() -> None:
    source = "---\ntitle: '巡检'\nversion: 3.1\ntags: [a, b]\n生效日期: 2026-05-01\n---\n正文。\n"
    document = parse(source.encode(), "a.md")
    assert document.title == "巡检"
    assert document.text == "version: 3.1\ntags: [a, b]\n生效日期: 2026-05-01\n\n正文。"


def test_markdown() -> None:
    document = parse(MARKDOWN.encode(), "a.md")
    assert document.title == "手册"
    assert levels(document) == [1, 2]
    assert blocks(document) == [
        (HEADING, "员工 手册"),
        (PARAGRAPH, "见 制度 (http://x.test/y)，图 流程。下一行"),
        (HEADING, "请假"),
        (PARAGRAPH, "1. 年假"),
        (PARAGRAPH, "2. 病假"),
        (PARAGRAPH, "- 附证明"),
        (HEADER, "| 类别 | 天数 |"),
        (ROW, "| 病假 | 12 |"),
        (CODE, "# not a heading\nx = 1"),
        (HEADER, "| A | B |"),
        (ROW, "| 1 | 2 |"),
    ]


def test_an_empty_list_item_leaves_no_mark_behind() -> None:
    assert blocks(parse("-\n\n- 甲\n\n-\n\n后文".encode(), "a.md"))[-1] == (PARAGRAPH, "后文")


# HTML

HTML = """<!doctype html><html><head><meta charset="gb2312"><title>网页 标题</title>
<style>p{}</style></head><body><nav>首页 关于</nav><main><h1>手册</h1>
<p>第一<b>句</b>话
在这里。<br>换行 <i>after</i> that</p><script>alert(1)</script>
<ul><li>甲</li><li>乙</li></ul>
<table><tr><th>类别</th><th>天数</th></tr><tr><td rowspan=2>病假</td><td>12</td></tr>
<tr><td>15</td></tr></table><pre>a
  b</pre><!-- comment --></main><footer>版权</footer></body></html>"""


def test_html() -> None:
    document = parse(HTML.encode("gb18030"), "a.html")
    assert document.title == "网页 标题"
    assert blocks(document) == [
        (HEADING, "手册"),
        (PARAGRAPH, "第一句话在这里。\n换行 after that"),
        (PARAGRAPH, "- 甲"),
        (PARAGRAPH, "- 乙"),
        (HEADER, "| 类别 | 天数 |"),
        (ROW, "| 病假 | 12 |"),
        (ROW, "| 病假 | 15 |"),
        (CODE, "a\n  b"),
    ]


def test_layout_tables_are_not_rows() -> None:
    html = "<table><tr><td><p>One.</p><p>Two.</p></td></tr></table>"
    assert blocks(parse(html.encode(), "a.htm")) == [(PARAGRAPH, "One."), (PARAGRAPH, "Two.")]


def test_deeply_nested_html_does_not_crash() -> None:
    html = "<div>" * 5000 + "deep" + "</div>" * 5000 + "<p>words</p>"
    assert "words" in parse(html.encode(), "a.html").text


def test_no_tag_is_searched_for_what_it_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """BeautifulSoup takes an attribute that it doesn't know for the name of a tag below, and looks
    through all of them: of 5,000 nested ones that took half a minute."""
    asked: list[str] = []
    look = Tag.__getattr__

    def noted(tag: Tag, name: str) -> object:
        asked.append(name)
        return look(tag, name)

    monkeypatch.setattr(Tag, "__getattr__", noted)
    parse(b"<title>T</title><table><tr><td>a<td><s>b</s></table><img alt=c><p>d</p>", "a.html")
    assert set(asked) == {"title", "body"}


# CSV


@pytest.mark.parametrize(
    "text",
    ['名称,备注\n甲,"一, 二\n三"\n乙,\n', '名称;备注\n甲;"一, 二\n三"\n乙;\n'],
)
def test_csv_rows_are_lines(text: str) -> None:
    document = parse(text.encode("gb18030"), "a.csv")
    assert blocks(document) == [
        (HEADER, "| 名称 | 备注 |"),
        (ROW, "| 甲 | 一, 二 三 |"),
        (ROW, "| 乙 | |"),
    ]


def test_csv_with_a_title_row_and_rows_of_unequal_length() -> None:
    document = parse(b"Cups,,\nTeam,City,Wins\nBlues,STL,1,extra\nFlyers\n", "a.csv")
    assert blocks(document) == [
        (PARAGRAPH, "Cups"),
        (HEADER, "| Team | City | Wins | |"),
        (ROW, "| Blues | STL | 1 | extra |"),
        (ROW, "| Flyers | | | |"),
    ]


def test_csv_with_a_stray_quotation_mark_loses_no_row() -> None:
    document = parse(b'size,price\n"3 inch,4\n5 inch,6\n', "a.csv")
    assert "5 inch | 6" in document.text


def test_tsv() -> None:
    assert blocks(parse(b"a\tb, c\n1\t2\n", "a.tsv")) == [
        (HEADER, "| a | b, c |"),
        (ROW, "| 1 | 2 |"),
    ]


# Word


def test_docx() -> None:
    document = parse(word_file(), "a.docx")
    assert document.title == "员工手册"
    assert levels(document) == [1, 2]
    assert blocks(document) == [
        (HEADING, "员工手册"),
        (PARAGRAPH, "本手册适用于全体员工。Read it carefully."),
        (HEADING, "请假"),
        (PARAGRAPH, "- 年假每年十天"),
        (HEADER, "| 类别 | 天数 |"),
        (ROW, "| 病假 | 12 |"),
        (ROW, "| 病假 | 15 |"),
    ]


def test_docx_title_of_its_own() -> None:
    assert parse(word_file(title="制度汇编"), "a.docx").title == "制度汇编"


def test_damaged_docx() -> None:
    data = word_file()
    assert refusal(data[: len(data) // 2], "a.docx") == "broken"
    assert refusal(b"not a zip file at all", "a.docx") == "broken"
    empty_zip = BytesIO()
    with zipfile.ZipFile(empty_zip, "w") as package:
        package.writestr("readme.txt", "nothing")
    assert refusal(empty_zip.getvalue(), "a.docx") == "broken"


def test_docx_with_a_password_and_old_word_files() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
    assert refusal(ole + "EncryptedPackage".encode("utf-16-le"), "a.docx") == "encrypted"
    assert refusal(ole, "a.docx") == "broken"


# PDF

PAGES = [
    [
        ("员工手册", 24),
        ("试用期为三个月，期满经考核合格者转为正式员工，", 12),
        ("工资按月发放。", 12),
    ],
    [("The notice period is thirty days and", 12), ("shall be given in writ-", 12)],
    [("ing to the other party.", 12)],
]


def test_pdf_pages_headings_and_paragraphs_over_page_ends() -> None:
    seen: list[tuple[int, int]] = []
    data = pdf_file(PAGES)
    document = parse(data, "手册.pdf", on_page=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert document.title == "员工手册"
    assert blocks(document)[:2] == [
        (HEADING, "员工手册"),
        (PARAGRAPH, "试用期为三个月，期满经考核合格者转为正式员工，工资按月发放。"),
    ]
    assert [span.page for span in document.pages] == [1, 2, 3]
    assert document.page_at(document.text.index("试用期")) == 1
    assert document.page_at(document.text.index("thirty")) == 2
    assert "in writing to the other" in document.text
    assert document.page_at(document.text.index("other party")) == 3
    assert len(document.blocks) == 3  # the last paragraph runs from page 2 to page 3


def test_pdf_page_spans_tile_the_text() -> None:
    document = parse(pdf_file([*PAGES, [], [("最后一页。", 12)]]), "a.pdf")
    assert document.pages[0].start == 0 and document.pages[-1].end == len(document.text)
    for before, after in zip(document.pages, document.pages[1:], strict=False):
        assert before.end == after.start
    assert document.page_at(document.text.index("最后")) == 5


def test_pdf_without_text() -> None:
    assert refusal(pdf_file([[], []]), "a.pdf") == "no_text"


def test_encrypted_and_broken_pdf() -> None:
    data = pdf_file(PAGES)
    assert refusal(encrypted(data), "a.pdf") == "encrypted"
    assert refusal(b"%PDF-1.7\n" + bytes(range(1, 200)), "a.pdf") == "broken"
    assert refusal(b"<html>not found</html>", "a.pdf") == "broken"
