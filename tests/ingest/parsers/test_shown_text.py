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
