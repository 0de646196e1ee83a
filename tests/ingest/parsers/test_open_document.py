"""OpenDocument texts: notes, small figures and links; books of EPUB beside them."""

from ingest.parsers import parse
from tests.ingest.office_files import epub_file, zip_file

_NAMES = {"office": "office", "text": "text", "style": "style", "draw": "drawing"}
_SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in _NAMES.items()
)


def text_file(body: str, styles: str = "") -> bytes:
    content = (
        f'<office:document-content {_SPACES} xmlns:x="http://www.w3.org/1999/xlink">'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:text>"
        f"{body}</office:text></office:body></office:document-content>"
    )
    return zip_file({"content.xml": content})


def note(text: str) -> str:
    return (
        "<text:note><text:note-citation>9</text:note-citation><text:note-body>"
        f"<text:p>{text}</text:p></text:note-body></text:note>"
    )


def test_notes_stand_below_the_paragraph_that_calls_them() -> None:
    body = (
        f"<text:h>租期{note('自交钥匙日起。')}</text:h>"
        f"<text:p>押金 3000{note('Paid in cash.')} 元。</text:p><text:p>完</text:p>"
    )
    lines = parse(text_file(body), "a.odt").text.replace("\n\n", "\n").split("\n")
    assert lines == [
        "租期（注1）",
        "注1：自交钥匙日起。",
        "押金 3000 (Note 2) 元。",
        "Note 2: Paid in cash.",
        "完",
    ]


def test_small_figures_and_addresses_of_links() -> None:
    style = (
        '<style:style style:name="{}"><style:text-properties style:text-position="{} 58%"/>'
        "</style:style>"
    )
    span = '<text:span text:style-name="{}">{}</text:span>'
    body = (
        f"<text:p>10{span.format('up', 4)} m，CO{span.format('down', 2)}，见"
        '<text:a x:href="https://d.example.com/4">附录</text:a>。</text:p>'
    )
    styles = style.format("up", "33%") + style.format("down", "sub")
    text = parse(text_file(body, styles), "a.odt").text
    assert text == "10⁴ m，CO₂，见附录 (https://d.example.com/4)。"


def test_asides_and_footers_of_a_chapter_are_text_of_the_book() -> None:
    book = epub_file("</p><aside>Foot: a measure.</aside><footer>End of part one.</footer><p>")
    assert "Foot: a measure." in parse(book, "a.epub").text
    assert "End of part one." in parse(book, "a.epub").text


def test_what_a_page_does_not_show_is_no_text_of_a_book() -> None:
    book = epub_file(
        "</p><p hidden='hidden'>草稿</p><noscript>请开启脚本</noscript>"
        "<svg xmlns='http://www.w3.org/2000/svg'><title>图一</title><text>轴</text></svg><p>"
    )
    text = parse(book, "a.epub").text
    assert text.endswith("雨停了。")


def test_lists_in_notes_and_notes_in_text_boxes_are_read_once() -> None:
    listed = note(
        "分期：</text:p><text:list><text:list-item><text:p>春季</text:p></text:list-item>"
        "</text:list><text:p>秋季"
    )
    box = f"<draw:text-box><text:p>押金{note('可退。')}</text:p></draw:text-box>"
    body = f"<text:p>租金{listed}</text:p><text:p>另：<draw:frame>{box}</draw:frame></text:p>"
    lines = parse(text_file(body), "a.odt").text.replace("\n\n", "\n").split("\n")
    assert lines == ["租金（注1）", "注1：分期： 春季 秋季", "另：", "押金（注2）", "注2：可退。"]
