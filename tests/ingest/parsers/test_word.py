"""What Word shows and does not store as text."""

import pytest

from ingest.numerals import numeral
from ingest.parsers import parse
from tests.ingest.parsers.word_files import (
    MAIN_TYPE,
    abstract,
    field,
    level,
    num,
    para,
    restricted,
    run,
    word_xml,
)


def read(data: bytes, name: str = "a.docx") -> str:
    return parse(data, name).text


def lines(data: bytes) -> list[str]:
    return [line for line in read(data).split("\n") if line]


CLAUSES = abstract(
    1,
    level(0, "chineseCounting", "第%1章"),
    level(1, "decimal", "%1.%2", more="<w:isLgl/>"),
    level(2, "lowerRoman", "(%3)"),
)


def test_numbers_of_three_levels_begin_again_below_a_higher_one() -> None:
    body = "".join(
        para(text, num=5, level=depth)
        for text, depth in [
            ("总则", 0),
            ("适用范围", 1),
            ("定义", 1),
            ("甲方", 2),
            ("乙方", 2),
            ("职责", 0),
            ("巡检", 1),
            ("夜班", 2),
        ]
    )
    assert lines(word_xml(body, numbering=CLAUSES + num(5, 1))) == [
        "第一章 总则",
        "1.1 适用范围",
        "1.2 定义",
        "(i) 甲方",
        "(ii) 乙方",
        "第二章 职责",
        "2.1 巡检",
        "(i) 夜班",
    ]


def test_lists_that_share_a_definition_go_on_unless_one_starts_anew() -> None:
    numbering = (
        abstract(3, level(0, "upperLetter", "%1."))
        + num(1, 3)
        + num(2, 3)
        + num(4, 3, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>')
    )
    body = (
        para("Pump", num=1)
        + para("Valve", num=2)
        + para("Text between.")
        + para("Fan", num=4)
        + para("Duct", num=4)
    )
    found = lines(word_xml(body, numbering=numbering))
    assert found == ["A. Pump", "B. Valve", "Text between.", "A. Fan", "B. Duct"]


def test_numbers_of_styles_and_of_styles_based_on_them() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="Clause"><w:name w:val="Clause"/><w:pPr><w:numPr>'
        '<w:numId w:val="9"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Sub"><w:name w:val="Sub"/>'
        '<w:basedOn w:val="Clause"/><w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Kid"><w:name w:val="Kid"/>'
        '<w:basedOn w:val="Clause"/></w:style>'
    )
    numbering = abstract(
        0,
        level(0, "decimal", "第%1条", more='<w:pStyle w:val="Clause"/>'),
        level(1, "decimalEnclosedCircleChinese", "%2"),
    ) + num(9, 0)
    body = (
        para("保管", style="Clause")
        + para("湿度", style="Sub")
        + para("温度", style="Sub")
        + para("领用", style="Kid")
        + para("无号", style="Clause", num=0)
    )
    found = lines(word_xml(body, styles=styles, numbering=numbering))
    assert found == ["第1条 保管", "① 湿度", "② 温度", "第2条 领用", "无号"]


def test_bullets_stay_bullets_and_deleted_paragraphs_have_no_number() -> None:
    numbering = (
        abstract(0, level(0, "bullet", "\uf0b7")) + abstract(1, level(0, "decimal", "%1)"))
    ) + (num(1, 0) + num(2, 1))
    deleted = (
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="2"/></w:numPr><w:rPr>'
        '<w:del w:id="1" w:author="x"/></w:rPr></w:pPr><w:del w:id="2" w:author="x"><w:r>'
        "<w:delText>old</w:delText></w:r></w:del></w:p>"
    )
    body = para("oil", num=1) + para("first", num=2) + deleted + para("second", num=2)
    assert lines(word_xml(body, numbering=numbering)) == ["- oil", "1) first", "2) second"]


@pytest.mark.parametrize(
    ("value", "style", "written"),
    [
        (10, "chineseCounting", "十"),
        (19, "chineseCountingThousand", "十九"),
        (20, "taiwaneseCountingThousand", "二十"),
        (105, "chineseCountingThousand", "一百零五"),
        (110, "chineseCounting", "一百一十"),
        (2024, "ideographDigital", "二〇二四"),
        (12, "chineseLegalSimplified", "壹拾贰"),
        (3, "ideographTraditional", "丙"),
        (28, "lowerLetter", "bb"),
        (49, "upperRoman", "XLIX"),
        (7, "decimalZero", "07"),
        (22, "ordinal", "22nd"),
        (112, "ordinal", "112th"),
        (21, "decimalEnclosedCircle", "㉑"),
        (5, "no such format", "5"),
    ],
)
def test_number_formats(value: int, style: str, written: str) -> None:
    assert numeral(value, style) == written


def test_notes_follow_the_paragraph_that_calls_them() -> None:
    notes = (
        '<w:footnote w:type="separator" w:id="-1"><w:p/></w:footnote>'
        + '<w:footnote w:id="4">'
        + para("以过磅数为准。")
        + "</w:footnote>"
        + '<w:footnote w:id="5">'
        + para("雨天顺延。")
        + "</w:footnote>"
    )
    ends = '<w:endnote w:id="2">' + para("See the minutes of May.") + "</w:endnote>"
    body = para(
        run("重量为 28")
        + '<w:r><w:footnoteReference w:id="4"/></w:r>'
        + run(" 吨，当日卸货")
        + '<w:r><w:footnoteReference w:id="5"/></w:r>'
    ) + para(run("Agreed") + '<w:r><w:endnoteReference w:id="2"/></w:r>' + run("."))
    assert lines(word_xml(body, footnotes=notes, endnotes=ends)) == [
        "重量为 28（注1） 吨，当日卸货（注2）",
        "注1：以过磅数为准。",
        "注2：雨天顺延。",
        "Agreed (Endnote 1).",
        "Endnote 1: See the minutes of May.",
    ]


def section(references: str) -> str:
    return f"<w:sectPr>{references}</w:sectPr>"


def test_headers_and_footers_are_read_once_without_page_numbers() -> None:
    head = para("图号 TX-880 · 乙版") + "<w:tbl><w:tr><w:tc>" + para("受控") + "</w:tc><w:tc>"
    head += para("第三册") + "</w:tc></w:tr></w:tbl>"
    foot = para(
        run("第 ") + field("PAGE", "1") + run(" 页 共 ") + field("NUMPAGES", "4") + run(" 页")
    )
    foot += para(run("编制：工艺科　第 ") + field("PAGE", "1") + run(" 页"))
    default = '<w:headerReference w:type="default" r:id="header1"/>'
    default += '<w:footerReference w:type="default" r:id="footer1"/>'
    first = '<w:headerReference w:type="first" r:id="header2"/>'
    ending = f"<w:p><w:pPr>{section(default)}</w:pPr>{run('上篇结束。')}</w:p>"
    text = read(
        word_xml(
            para("上篇。") + ending + para("下篇。") + section(default + first),
            header1=head,
            header2=para("封面字样"),
            footer1=foot,
        )
    )
    assert text.startswith("图号 TX-880 · 乙版") and text.count("TX-880") == 1
    assert "受控" in text and text.count("第三册") == 1
    assert text.index("上篇结束。") < text.index("编制：工艺科") < text.index("下篇。")
    assert "共" not in text and "1" not in text
    assert "封面字样" not in text  # no first page of its own: the header is never shown


def form_box(state: str) -> str:
    data = f"<w:ffData><w:checkBox><w:sizeAuto/>{state}</w:checkBox></w:ffData>"
    return field("FORMCHECKBOX", data=data)


def test_check_boxes_of_every_make() -> None:
    control = (
        '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{}"/></w14:checkbox></w:sdtPr>'
        "<w:sdtContent><w:r><w:t>{}</w:t></w:r></w:sdtContent></w:sdt>"
    )
    wingdings = '<w:rFonts w:ascii="Wingdings 2" w:hAnsi="Wingdings 2"/>'
    body = (
        para(form_box('<w:default w:val="0"/><w:checked/>') + run("油位"))
        + para(form_box('<w:default w:val="1"/><w:checked w:val="0"/>') + run("水位"))
        + para(control.format("1", "\u2612") + run("接地"))
        + para(control.format("0", "\u2610") + run("隔离"))
        + para('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>' + run("合格"))
        + para('<w:r><w:sym w:font="Wingdings" w:char="F0A8"/></w:r>' + run("不合格"))
        + para(run("R", wingdings) + run("是") + run("\u00a3", wingdings) + run("否"))
    )
    assert lines(word_xml(body)) == [
        "☑油位",
        "☐水位",
        "☑接地",
        "☐隔离",
        "☑合格",
        "☐不合格",
        "☑是☐否",
    ]


def test_fields_symbols_and_raised_figures() -> None:
    choice = (
        '<w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="一班"/>'
        '<w:listEntry w:val="二班"/></w:ddList></w:ffData>'
    )
    raised = '<w:vertAlign w:val="superscript"/>'
    lowered = '<w:vertAlign w:val="subscript"/>'
    body = (
        para(run("班组：") + field("FORMDROPDOWN", data=choice))
        + para(run("误差") + '<w:r><w:sym w:font="Symbol" w:char="F0B1"/></w:r>' + run("3"))
        + para(run("2×10") + run("6", raised) + run(" 次，CO") + run("2", lowered))
        + para(field(r"EQ \* jc2 \* hps10 \o\ad(\s\up 9(xiè),械)") + run("具"))
    )
    assert lines(word_xml(body)) == ["班组：二班", "误差±3", "2×10⁶ 次，CO₂", "械具"]


def test_phonetic_guides_do_not_tear_words() -> None:
    guide = (
        "<w:r><w:ruby><w:rubyPr/><w:rt><w:r><w:t>zhá</w:t></w:r></w:rt><w:rubyBase><w:r>"
        "<w:t>闸</w:t></w:r></w:rubyBase></w:ruby></w:r>"
    )
    assert read(word_xml(para(guide + run("门常闭")))) == "闸门常闭"


def test_addresses_of_links_where_they_say_more() -> None:
    link = '<w:hyperlink r:id="{}"><w:r><w:t>{}</w:t></w:r></w:hyperlink>'
    body = (
        para(run("见") + link.format("a", "备件目录") + run("。"))
        + para(link.format("b", "www.example.org/"))
        + para(link.format("c", "ops@example.org"))
        + para(field('HYPERLINK "https://example.org/form"', "申请表"))
    )
    links = {
        "a": "https://example.org/parts",
        "b": "https://www.example.org",
        "c": "mailto:ops@example.org",
    }
    assert lines(word_xml(body, links=links)) == [
        "见备件目录 (https://example.org/parts)。",
        "www.example.org/",
        "ops@example.org",
        "申请表 (https://example.org/form)",
    ]


def test_strict_open_xml_is_read() -> None:
    head = para("密级三")
    reference = '<w:headerReference w:type="default" r:id="header1"/>'
    data = word_xml(para("钥匙两把") + section(reference), header1=head)
    assert lines(restricted(data)) == ["密级三", "钥匙两把"]


@pytest.mark.parametrize("name", ["a.docx", "a.docm", "a.dotm"])
def test_macros_and_templates_are_read_by_content(name: str) -> None:
    with_macros = "application/vnd.ms-word.document.macroEnabled.main+xml"
    assert read(word_xml(para("点检"), main_type=with_macros), name) == "点检"
    assert read(word_xml(para("点检"), main_type=MAIN_TYPE), name) == "点检"


def test_comments_and_diagrams_are_reported() -> None:
    diagram = '<w:r><w:drawing><d:relIds xmlns:d="http://schemas.openxmlformats.org/drawingml/'
    diagram += '2006/diagram"/></w:drawing></w:r>'
    remark = '<w:r><w:commentReference w:id="1"/></w:r>'
    document = parse(word_xml(para(run("流程如图") + diagram + remark + remark)), "a.docx")
    assert {one.code: one.count for one in document.notices} == {"comments": 2, "diagrams": 1}


def test_what_a_field_calculates_with_is_not_shown() -> None:
    def begun(instruction: str) -> str:
        return (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            f'<w:r><w:instrText xml:space="preserve">{instruction}</w:instrText></w:r>'
        )

    product = begun(" = ") + field("REF 层高", "3") + begun(" * ") + field("REF 层数", "18")
    separated = '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    ended = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    body = para(run("总高 ") + product + ended + separated + run("54") + ended + run(" 米"))
    document = parse(word_xml(body), "a.docx")
    assert document.text == "总高 54 米"


def test_parts_of_a_line_that_are_aligned_by_themselves_stay_apart() -> None:
    tab = '<w:r><w:ptab w:relativeTo="margin" w:alignment="right" w:leader="none"/></w:r>'
    document = parse(word_xml(para(run("图号 K-70") + tab + run("2版"))), "a.docx")
    assert document.text == "图号 K-70\t2版"
