"""Pages, Markdown and slides: links, buttons, small figures, marks that only look like markup."""

import io

import pytest
from pptx import Presentation
from pptx.util import Inches

from ingest.parsers import parse
from ingest.parsing.links import with_address
from ingest.types import BlockKind


def read(source: str, name: str) -> str:
    return parse(source.encode(), name).text


@pytest.mark.parametrize(
    "text",
    [
        "托盘 1200*1000*150 毫米，堆高 3*1200 毫米",
        "体积 L*W*H，按 (a+b)*c*(d-e) 计",
        "超时 1_500_000 毫秒，见 __main__ 与 __repr__.txt",
        "误差 5%~8%，湿度 40%~60%，~~旧~~ 与 #7 号柜",
    ],
)
def test_marks_in_sizes_and_names_stay(text: str) -> None:
    assert read(text, "a.md") == text
    assert read(text, "a.txt") == text


def test_emphasis_and_headings_are_still_read_as_such() -> None:
    document = parse("# 一\n\n请 *务必* 填写，**三日**内交 __主管__，*see* below".encode(), "a.md")
    assert document.text == "一\n\n请 务必 填写，三日内交 主管，see below"
    assert document.blocks[0].kind is BlockKind.HEADING


def test_placeholders_that_are_no_tags_stay() -> None:
    assert read("登录 <host> 后执行，<b>不要</b>重启", "a.md") == "登录 <host> 后执行，不要重启"


@pytest.mark.parametrize(
    ("label", "address", "written"),
    [
        ("表单", "https://x.test/f", "表单 (https://x.test/f)"),
        ("x.test/f", "https://www.x.test/f/", "x.test/f"),
        ("写信", "mailto:a@x.test", "写信 (a@x.test)"),
        ("上一节", "#part", "上一节"),
        ("页", "/inside", "页"),
        ("点此", "javascript:alert(1)", "点此"),
        ("", "https://x.test", ""),
    ],
)
def test_addresses_behind_their_labels(label: str, address: str, written: str) -> None:
    assert with_address(label, address) == written


def test_links_in_markdown_and_pages() -> None:
    shown = "领料见流程图 (https://x.test/flow)，电话见 https://x.test/tel。"
    assert (
        read("领料见[流程图](https://x.test/flow '图')，电话见 <https://x.test/tel>。", "a.md")
        == shown
    )
    page = (
        '<p>领料见<a href="https://x.test/flow">流程图</a>，电话见 '
        '<a href="https://x.test/tel">https://x.test/tel</a>。</p>'
    )
    assert read(page, "a.html") == shown


def test_headings_in_buttons_and_what_they_open() -> None:
    page = """<body><button>搜索</button><main>
    <h2><button aria-controls="a1">怎样换锁？</button></h2><div id="a1" hidden>找总务处。</div>
    <button aria-expanded="false"><h3>怎样退卡？</h3></button><p>在窗口办理。</p>
    <div role="heading" aria-level="2">附则</div><p hidden>草稿</p>
    <button>提交</button></main></body>"""
    document = parse(page.encode(), "a.html")
    headings = [
        document.text[b.start : b.end] for b in document.blocks if b.kind is BlockKind.HEADING
    ]
    assert headings == ["怎样换锁？", "怎样退卡？", "附则"]
    assert "找总务处。" in document.text
    assert not {"搜索", "提交", "草稿"} & set(document.text.split())


def test_guides_and_raised_figures_of_a_page() -> None:
    page = (
        "<p><ruby>闸<rp>(</rp><rt>zhá</rt><rp>)</rp></ruby>门 10<sup>6</sup> 次，H<sub>2</sub>O</p>"
    )
    assert read(page, "a.html") == "闸门 10⁶ 次，H₂O"


def slide_file() -> bytes:
    """A slide with a box in alternate content, an equation in another, and a link."""
    from lxml import etree

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    box = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(1))
    run = box.text_frame.paragraphs[0].add_run()
    run.text = "台账"
    run.hyperlink.address = "https://x.test/ledger"
    inner = slide.shapes.add_textbox(Inches(1), Inches(3), Inches(4), Inches(1))
    inner.text_frame.text = "余量系数 "
    names = {
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "a14": "http://schemas.microsoft.com/office/drawing/2010/main",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    }
    declared = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in names.items())
    alternate = etree.fromstring(
        f'<mc:AlternateContent {declared}><mc:Choice Requires="a14"/><mc:Fallback/>'
        "</mc:AlternateContent>"
    )
    shape = inner._element
    shape.addprevious(alternate)
    alternate[0].append(shape)
    formula = etree.fromstring(
        f"<a14:m {declared}><m:oMath><m:r><m:t>k=1.4</m:t></m:r></m:oMath></a14:m>"
    )
    inner.text_frame.paragraphs[0]._p.append(formula)
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def test_boxes_in_alternate_content_equations_and_links_of_slides() -> None:
    text = parse(slide_file(), "a.pptx").text
    assert text == "台账 (https://x.test/ledger)\n\n余量系数 k=1.4"


def test_items_of_ordered_lists_have_their_numbers() -> None:
    html = (
        "<ol start=4><li>称重<ol type=a><li>去皮<li>读数</ol><li>装袋</ol>"
        "<ol><li value=9><p>封口</p><p>留样一袋。</p><li>贴签</ol><ul><li>出库</ul>"
    )
    assert parse(html.encode(), "a.html").text.replace("\n\n", "\n").split("\n") == [
        "4. 称重", "a. 去皮", "b. 读数", "5. 装袋", "9. 封口", "留样一袋。", "10. 贴签", "- 出库",
    ]  # fmt: skip


def test_boxes_of_a_page_show_whether_they_are_ticked() -> None:
    html = "<ul><li><input type=checkbox checked>水阀已关<li><input type=radio>有积水</ul>"
    assert parse(html.encode(), "a.html").text == "- ☑水阀已关\n- ☐有积水"


def test_notes_of_markdown_are_read() -> None:
    text = parse("用量减半[^用量]。\n\n[^用量]: 仅限儿童。\n[^2]: 另见附表\n".encode(), "a.md").text
    assert text == "用量减半[^用量]。\n\n[^用量]: 仅限儿童。\n\n[^2]: 另见附表"


def test_numbers_of_lists_and_small_figures_of_rich_text() -> None:
    rtf = (
        r"{\rtf1\ansi{\listtext 1.\tab}Fill\par{\pntext a)\tab}Shut\par "
        r"10{\super 6} kg, CO{\sub\fs16 2}, 4{\super th}\par}"
    )
    assert parse(rtf.encode(), "a.rtf").text.split("\n") == [
        "1.\tFill",
        "a)\tShut",
        "10⁶ kg, CO₂, 4th",
    ]


def test_every_panel_of_tabs_is_read() -> None:
    html = (
        "<button role=tab aria-controls=a>尺码</button>"
        "<button role=tab aria-controls=b>洗涤</button>"
        "<div role=tabpanel id=a><p>偏大一码。</p></div>"
        "<div role=tabpanel id=b hidden><p>手洗，阴干。</p></div>"
    )
    text = parse(html.encode(), "a.html").text
    assert "偏大一码。" in text and "手洗，阴干。" in text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"1\super\f0\fs22 st\super0\f0 22", "1st22"),
        (r"Water{\cs16\super\f31506\fs20\insrsid123 \chftn }", "Water"),
        (r"CO{\sub\f0\fs22 2}", "CO₂"),
    ],
)
def test_numbers_of_control_words_are_no_small_figures(source: str, text: str) -> None:
    assert parse((r"{\rtf1\ansi " + source + r"\par}").encode(), "a.rtf").text == text


def test_items_of_a_reversed_list_count_down() -> None:
    html = (
        "<ol reversed><li>三等奖<li>二等奖</ol><ol reversed start=9><li>甲<li value=4>乙<li>丙</ol>"
    )
    assert parse(html.encode(), "a.html").text.split() == [
        "2.", "三等奖", "1.", "二等奖", "9.", "甲", "4.", "乙", "3.", "丙",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "title", "text"),
    [
        ('title: ""', "一", "版本: 2\n\n一"),
        ('title: "[Draft] Plan"', "[Draft] Plan", "版本: 2\n\n一"),
        ('屏幕: 15"', "一", '屏幕: 15"\n版本: 2\n\n一'),
        ('说明: The "Big"', "一", '说明: The "Big"\n版本: 2\n\n一'),
        ("作者: ''", "一", "版本: 2\n\n一"),
    ],
)
def test_quotation_marks_around_a_field_of_a_front_matter_are_no_part_of_it(
    field: str, title: str, text: str
) -> None:
    document = parse(f"---\n{field}\n版本: 2\n---\n# 一\n".encode(), "a.md")
    assert (document.title, document.text) == (title, text)


def test_lines_of_a_front_matter_that_are_no_simple_fields_are_kept() -> None:
    source = (
        '---\ntitle: "Plan" # draft\nog:image: x.png\n标签：甲\ntags:\n- 泵\n# 内部\n---\n# 一\n'
    )
    document = parse(source.encode(), "a.md")
    assert (document.title, document.text) == (
        "Plan",
        "og:image: x.png\n标签：甲\ntags:\n- 泵\n\n一",
    )


def test_a_front_matter_may_have_remarks_and_blank_lines() -> None:
    source = "---\n# 内部\ntitle: 手册\n\nauthor: 王\n---\n# 一\n"
    document = parse(source.encode(), "a.md")
    assert (document.title, document.text) == ("手册", "author: 王\n\n一")


def test_code_behind_a_rule_is_no_front_matter() -> None:
    """In time that grows with its length."""
    code = "    code line\n" * 3000
    assert read(f"---\n\n{code}\n正文。\n", "a.md").endswith("code line\n\n正文。")


def test_prose_between_two_rules_is_no_front_matter() -> None:
    source = "---\n\n前言：照旧。\n\n各班自查，每周一次: 当日上报。\n\n---\n\n正文。\n"
    assert read(source, "a.md") == "前言：照旧。\n\n各班自查，每周一次: 当日上报。\n\n正文。"


def test_two_spaces_end_a_line_of_markdown() -> None:
    assert read("一号泵  \n二号泵\\\n三号泵\n停机", "a.md") == "一号泵\n二号泵\n三号泵停机"
