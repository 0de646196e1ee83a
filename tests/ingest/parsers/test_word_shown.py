"""Word documents as they look: what is hidden, what only asks to be filled in, what is joined."""

import io

import pytest
from docx import Document as WordDocument
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from lxml import etree
from pptx import Presentation

from ingest.parsers import parse
from ingest.parsers.chart import CHART, add_chart
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.options import reading
from ingest.types import Notice
from ingest.word import shown
from ingest.word.xml import R, W
from tests.ingest.office_files import pptx_file
from tests.ingest.parsers.word_files import abstract, field, level, num, para, run, word_xml
from tests.ingest.tables.read_tables import check_cells, rows_of


def cell(content: str, properties: str = "") -> str:
    inner = content if content.startswith("<w:") else para(content)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"


def table(*rows: list[str]) -> str:
    lines = ("".join(c if c.startswith("<w:tc>") else cell(c) for c in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{line}</w:tr>' for line in lines)}</w:tbl>"


def test_a_number_that_fills_its_cell_is_read() -> None:
    numbering = abstract(0, level(0, "decimal", "%1")) + num(4, 0)
    numbered = (
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="4"/></w:numPr></w:pPr></w:p>'
    )
    body = table(
        ["序号", "工具", "数量"], [cell(numbered), "扳手", "2"], [cell(numbered), "卷尺", ""]
    )
    document = parse(word_xml(body + numbered + para("完"), numbering=numbering), "a.docx")
    assert rows_of(document)[1:] == ["| 1 | 扳手 | 2 |", "| 2 | 卷尺 | |"]
    assert document.text.endswith("\n\n完")  # an empty item between paragraphs says nothing


def test_hidden_text_is_left_out_and_reported() -> None:
    body = para(
        run("报价有效期十天")
        + run("底价九折", "<w:vanish/>")
        + run("，含运费", '<w:vanish w:val="0"/>')
    )
    document = parse(word_xml(body), "a.docx")
    assert document.text == "报价有效期十天，含运费"
    assert document.notices == (Notice("hidden_text", 1),)
    with reading(hidden=True):
        assert parse(word_xml(body), "a.docx").text == "报价有效期十天底价九折，含运费"


def test_prompts_of_empty_content_controls_are_no_text() -> None:
    control = "<w:sdt><w:sdtPr>{}</w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    prompt = run("单击此处输入文字。", '<w:rStyle w:val="a3"/>')
    body = para(
        run("经办：")
        + control.format("<w:showingPlcHdr/>", prompt)
        + run("日期：")
        + control.format("<w:date/>", run("2027年1月8日"))
        + run("，电话：")
        + control.format("<w:showingPlcHdr/>", run("4471"))  # filled in by a program
    )
    style = (
        '<w:style w:type="character" w:styleId="a3"><w:name w:val="Placeholder Text"/></w:style>'
    )
    document = parse(word_xml(body, styles=style), "a.docx")
    assert document.text == "经办：日期：2027年1月8日，电话：4471"
    assert document.notices == (Notice("prompts", 1),)


@pytest.mark.parametrize(
    "properties",
    [
        '<w:framePr w:dropCap="drop" w:lines="3"/>',
        '<w:rPr><w:del w:id="7" w:author="x"/></w:rPr>',
    ],
)
def test_an_initial_and_a_paragraph_whose_mark_is_deleted_go_on_in_the_next(
    properties: str,
) -> None:
    body = f"<w:p><w:pPr>{properties}</w:pPr>{run('山')}</w:p>" + para("谷里的茶园四月开采。")
    assert parse(word_xml(body + para("完")), "a.docx").text == "山谷里的茶园四月开采。\n\n完"


def test_a_table_inside_a_cell_keeps_its_rows_apart() -> None:
    inner = table(["班次", "人数", "带班"], ["早", "6", "童"], ["晚", "", "毕"])
    body = table(["车间", "排班"], ["染整", cell(inner + para(""))], ["织造", "停产"])
    document = parse(word_xml(body), "a.docx")
    assert rows_of(document) == [
        "| 车间 | 排班 |",
        "| 染整 | 班次: 早, 人数: 6, 带班: 童; 班次: 晚, 带班: 毕 |",
        "| 织造 | 停产 |",
    ]
    check_cells(document)


def test_tables_that_frame_or_lay_out_are_read_as_what_they_hold() -> None:
    framed = table([cell(para("注意") + para("湿手勿动开关。"))])
    left, right = table(["月", "吨"], ["一", "5"]), table(["月", "次"], ["一", "2"])
    body = framed + para("产量与停机：") + table([cell(left + para("")), cell(right + para(""))])
    document = parse(word_xml(body), "a.docx")
    assert document.text.startswith("注意\n\n湿手勿动开关。\n\n产量与停机：")
    assert rows_of(document) == ["| 月 | 吨 |", "| 一 | 5 |", "| 月 | 次 |", "| 一 | 2 |"]


def test_the_values_of_a_chart_are_read() -> None:
    deck = Presentation(io.BytesIO(pptx_file()))
    chart = next(shape.chart for shape in deck.slides[2].shapes if shape.has_chart)
    word = WordDocument()
    name = PackURI("/word/charts/chart1.xml")
    part = Part(name, chart.part.content_type, chart.part.blob, word.part.package)
    element = etree.SubElement(word.add_paragraph("如图：").add_run()._r, f"{CHART}chart")
    element.set(f"{R}id", word.part.relate_to(part, f"{R[1:-1]}/chart"))
    stream = io.BytesIO()
    word.save(stream)
    document = parse(stream.getvalue(), "a.docx")
    assert rows_of(document) == ["| | Income |", "| Q1 | 10 |", "| Q2 | 20 |"]


def test_places_of_a_chart_that_are_no_numbers_are_passed_over() -> None:
    chart = f"""<c:chartSpace xmlns:c="{CHART[1:-1]}"><c:ser><c:tx><c:pt><c:v>水</c:v></c:pt></c:tx>
    <c:cat><c:pt idx="1"><c:v>春</c:v></c:pt></c:cat>
    <c:val><c:pt idx=""><c:v>5</c:v></c:pt><c:pt idx="1"><c:v>7</c:v></c:pt></c:val></c:ser>
    </c:chartSpace>"""
    builder = DocumentBuilder(b"", "a.docx", "x")
    add_chart(builder, chart.encode())
    assert rows_of(builder.build()) == ["| | 水 |", "| 春 | 7 |"]


def chart_rows(series: str) -> list[str]:
    chart = f'<c:chartSpace xmlns:c="{CHART[1:-1]}">{series}</c:chartSpace>'
    builder = DocumentBuilder(b"", "a.docx", "x")
    add_chart(builder, chart.encode())
    return rows_of(builder.build())


def points(kind: str, *values: object, at: int = 0) -> str:
    inner = "".join(
        f'<c:pt idx="{n}"><c:v>{value}</c:v></c:pt>'
        for n, value in enumerate(values, start=at)
        if value
    )
    return f"<c:{kind}>{inner}</c:{kind}>"


def test_categories_of_a_chart_in_two_levels_have_both_names() -> None:
    levels = points("lvl", "晴", "雨", "晴", "雨") + points("lvl", "城东", "", "城西")
    series = f"<c:ser><c:cat>{levels}</c:cat>{points('val', 9, 4, 7, 2)}</c:ser>"
    assert chart_rows(series) == [
        "| 城东 / 晴 | 9 |",
        "| 城东 / 雨 | 4 |",
        "| 城西 / 晴 | 7 |",
        "| 城西 / 雨 | 2 |",
    ]


def test_points_of_a_scatter_chart_stand_at_their_own_place() -> None:
    one = points("tx", "铝") + points("xVal", 20, 60) + points("yVal", 1.2, 3.4)
    two = points("tx", "铜") + points("xVal", 35, 80) + points("yVal", 2.1, 5)
    rows = chart_rows(f"<c:ser>{one}</c:ser><c:ser>{two}</c:ser>")
    assert rows == ["| | 铝 |", "| 20 | 1.2 |", "| 60 | 3.4 |",
                    "| | 铜 |", "| 35 | 2.1 |", "| 80 | 5 |"]  # fmt: skip


_GONE = '<w:rPr><w:del w:id="7" w:author="x"/></w:rPr>'
_LISTED = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="4"/></w:numPr>'


@pytest.mark.parametrize(
    ("behind", "lines"),
    [
        ('<w:bookmarkEnd w:id="1"/>', ["1. 甲", "2. 丙"]),
        (table(["站", "吨"], ["北", "5"]), ["1. 甲", "| 站 | 吨 |", "| 北 | 5 |", "2. 丙"]),
    ],
)
def test_a_deleted_item_has_no_number_whatever_follows_it(behind: str, lines: list[str]) -> None:
    numbering = abstract(0, level(0, "decimal", "%1.")) + num(4, 0)
    item = f"<w:p><w:pPr>{_LISTED}{{}}</w:pPr>{{}}</w:p>"
    deleted = '<w:del w:id="8" w:author="x"><w:r><w:delText>乙</w:delText></w:r></w:del>'
    body = item.format("", run("甲")) + item.format(_GONE, deleted) + behind
    document = parse(word_xml(body + item.format("", run("丙")), numbering=numbering), "a.docx")
    assert document.text.replace("\n\n", "\n").split("\n") == lines


def test_many_paragraphs_whose_marks_are_deleted_are_moved_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [f"<w:p><w:pPr>{_GONE}</w:pPr>{run(str(n))}</w:p>" for n in range(300)]
    body = etree.fromstring(f'<w:body xmlns:w="{W[1:-1]}">{"".join(lines)}{para("end")}</w:body>')
    moved = 0

    def count(children: list[object]) -> list[object]:
        nonlocal moved
        moved += len(children)
        return children

    monkeypatch.setattr(shown, "_content", lambda p, read=shown._content: count(read(p)))
    shown.join_paragraphs(body)
    assert len(body) == 1
    assert "".join(body.itertext()) == "".join(map(str, range(300))) + "end"
    assert moved == 300


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        (r"3\f(1,2)", "3 1/2"),
        (r"\f(1,2)+\f(1,3)", "1/2+1/3"),
        (r"\f(\r(,2),2)", "√(2)/2"),
        (r"x=\f(a+b,c)", "x=(a+b)/c"),
        (r"\f(1,\f(2,3))", "1/(2/3)"),
        (r"\f(3\f(1,2),4)", "(3 1/2)/4"),
        (r"\f(1,2) \* MERGEFORMAT", "1/2"),
        (r"\f(1,2)\f(3,4)", ""),
        (r"\f(1,2)5", ""),
        (r"\f(3,8)英寸", "3/8英寸"),
        (r"\s\up5(2)\f(1,2)", ""),
        (r"\b\lc\{(\f(1,2))", ""),
    ],
)
def test_a_formula_of_older_versions_is_written_whole_or_left_out(
    formula: str, written: str
) -> None:
    body = para(run("即") + field(f"EQ {formula}") + run("。"))
    assert parse(word_xml(body), "a.docx").text == f"即{written}。"
