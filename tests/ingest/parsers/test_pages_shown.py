"""Pages as they look: struck and hidden text, equations, forms, descriptions of pictures."""

import pytest

from ingest.parsers import parse
from ingest.parsing.options import reading
from ingest.types import Notice
from tests.ingest.office_files import epub_file
from tests.ingest.tables.read_tables import rows_of


def read(html: str) -> str:
    return parse(html.encode(), "a.html").text


STRUCK = (Notice("struck_text", 1),)


@pytest.mark.parametrize("tag", ["del", "s", "strike", 'b style="text-decoration: line-through"'])
def test_struck_text_makes_no_new_numbers(tag: str) -> None:
    gone = f"<{tag}>50</{tag.split(' ', maxsplit=1)[0]}>"
    document = parse(f"<p>账期 {gone}60 天</p>".encode(), "a.html")
    assert (document.text, document.notices) == ("账期 60 天", STRUCK)
    table = f"<table><tr><th>站</th><th>吨</th></tr><tr><td>北</td><td>{gone}40</td></tr></table>"
    assert rows_of(parse(table.encode(), "a.html"))[1] == "| 北 | 40 |"


@pytest.mark.parametrize(
    "source",
    ["账期 <del>30</del>60 天\n", "<p>账期 <s>30</s>60 天</p>\n"],
)
def test_struck_text_in_markdown(source: str) -> None:
    document = parse(source.encode(), "a.md")
    assert (document.text, document.notices) == ("账期 60 天", STRUCK)
    cell = parse("|站|吨|\n|-|-|\n|北|<del>50</del>40|\n".encode(), "a.md")
    assert rows_of(cell)[1] == "| 北 | 40 |"


def test_a_header_with_the_heading_belongs_to_the_text() -> None:
    page = "<body><header><h1>泵房规程</h1><p>文号 B-12</p></header><p>每班巡检。</p>"
    assert parse(f"{page}<footer>页脚</footer>".encode(), "a.html").text == (
        "泵房规程\n\n文号 B-12\n\n每班巡检。"
    )
    page = "<body><header>首页 登录</header><h1>泵房规程</h1>"
    assert parse(page.encode(), "a.html").text == "泵房规程"


def test_a_header_of_the_site_whose_logo_is_a_heading_is_left_out() -> None:
    page = (
        '<body><header><h1><a href="/"><img alt="晨光泵业"></a></h1><div>产品 登录</div></header>'
        "<h1>泵房规程</h1><p>每班巡检。</p>"
    )
    document = parse(page.encode(), "a.html")
    assert (document.title, document.text) == ("泵房规程", "泵房规程\n\n每班巡检。")


def test_the_title_block_of_a_document_of_several_headings_is_read() -> None:
    page = (
        "<body><header><h1>泵房规程</h1><p>王芳</p></header>"
        "<h1>一、总则</h1><p>每班巡检。</p><h1>二、附则</h1></body>"
    )
    document = parse(page.encode(), "a.html")
    assert (document.title, document.text.split("\n\n")[:2]) == ("泵房规程", ["泵房规程", "王芳"])


def test_a_button_or_the_contents_of_the_page_make_no_header_of_a_site() -> None:
    page = (
        "<body><header><h1>手册</h1><p>第3版</p><button>打印</button>"
        '<nav><a href="#a">一</a></nav></header><h1>一、总则</h1><p>甲</p><h1>二、附则</h1></body>'
    )
    assert parse(page.encode(), "a.html").text.split("\n\n")[:2] == ["手册", "第3版"]


def test_text_that_is_not_displayed_is_left_out_and_reported() -> None:
    page = (
        '<p>报价十天有效。</p><div style="color:red;display: none">底价九折</div>'
        '<p>含运费<span style="visibility:hidden">内部</span></p>'
    )
    document = parse(page.encode(), "a.html")
    assert document.text == "报价十天有效。\n\n含运费"
    assert document.notices == (Notice("hidden_text", 2),)
    with reading(hidden=True):
        assert "底价九折" in read(page)


def test_what_a_click_unfolds_is_read() -> None:
    page = (
        '<h3>怎样退卡？</h3><div style="display:none">在窗口办理。</div>'
        '<div onclick="t()">怎样换锁？</div><div style="display:none">找总务处。</div>'
        '<button aria-controls=a>尺码</button><p>-</p><div id=a style="display:none">偏大。</div>'
    )
    text = read(page)
    assert "在窗口办理。" in text and "找总务处。" in text and "偏大。" in text


def test_values_of_forms_are_read() -> None:
    page = """<input type=search value=找什么><table>
    <tr><th>项</th><th>值</th></tr><tr><td>姓名</td><td><input value="张三"></td></tr>
    <tr><td>口令</td><td><input type=password value=x9><input type=hidden value=id7></td></tr>
    <tr><td>班次</td><td><select><option>早<option selected>晚</select></td></tr>
    <tr><td>备注</td><td><textarea>带证件</textarea></td></tr>
    <tr><td>住宿</td><td><input type=checkbox checked></td></tr></table>
    <p><label>电话 <input type=tel value=4471></label></p>"""
    document = parse(page.encode(), "a.html")
    assert rows_of(document)[1:] == [
        "| 姓名 | 张三 |", "| 口令 | |", "| 班次 | 晚 |", "| 备注 | 带证件 |", "| 住宿 | ☑ |",
    ]  # fmt: skip
    assert document.text.endswith("电话 4471") and "找什么" not in document.text


def test_pictures_are_read_by_their_descriptions() -> None:
    page = (
        '<p>点击<img alt="保存">按钮</p><p><a href="https://x.test/f"><img alt="流程图"></a></p>'
        '<figure><img alt="旧阀"><figcaption>旧阀在左</figcaption></figure>'
        '<p>一<img alt="logo.png" src=a><img alt=""></p>'
    )
    assert read(page) == "点击保存按钮\n\n流程图 (https://x.test/f)\n\n旧阀在左\n\n一"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<mfrac><mn>1</mn><mn>2</mn></mfrac><msup><mi>v</mi><mn>2</mn></msup>", "1/2v^2"),
        (
            "<mi>Q</mi><mo>=</mo><mn>0.62</mn><mi>A</mi><msqrt><mfrac><mrow><mn>2</mn><mo>&#x2062;"
            "</mo><mi>P</mi></mrow><mi>d</mi></mfrac></msqrt>",
            "Q=0.62A√((2P)/d)",
        ),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", "3√(x)"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_i^2"),
        (
            "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi>"
            "</munderover><msub><mi>x</mi><mi>i</mi></msub>",
            "∑_(i=1)^nx_i",
        ),
        ("<mi>sin</mi><mo>&#x2061;</mo><mi>x</mi>", "sin x"),
        ("<mover><mi>x</mi><mo>¯</mo></mover>", "x\u0305"),
        (
            "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn>"
            "</mtd><mtd><mn>4</mn></mtd></mtr></mtable>",
            "[1, 2; 3, 4]",
        ),
        ("<mfenced><mi>a</mi><mi>b</mi></mfenced>", "(a,b)"),
        (
            "<mmultiscripts><mi>C</mi><none/><none/><mprescripts/><mn>6</mn><mn>14</mn>"
            "</mmultiscripts>",
            "_6^14C",
        ),
        (
            "<semantics><mrow><mi>a</mi></mrow><annotation>\\alpha</annotation></semantics>",
            "a",
        ),
    ],
)
def test_equations_are_written_in_a_line(source: str, text: str) -> None:
    page = f"<p>由 <math>{source}</math> 得</p>"
    assert read(page) == f"由 {text} 得"
    prefixed = page.replace("</", "</\0").replace("<", "<m:").replace("<m:/\0", "</m:")
    prefixed = prefixed.replace("m:p>", "p>")
    assert parse(epub_file(prefixed), "a.epub").text.endswith(f"由 {text} 得")


def test_an_equation_beside_its_picture_is_read_once() -> None:
    page = (
        '<p>即<span style="display: none;"><math><mi>E</mi></math></span>'
        '<img class="mwe-math-fallback-image-inline" alt="{\\displaystyle E}">。</p>'
    )
    assert read(page) == "即E。"
