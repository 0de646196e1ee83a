"""What others wrote must stay text: no pictures, no links, no directives, no HTML."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ui.safe_markdown import answer, highlighted, plain, plain_lines, shortened

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
BITS = st.sampled_from(
    [
        *"`[]()!<>:$\\|~*_#-&.x1 \n",
        "\n\n",
        "```",
        "~~~",
        "![",
        "](",
        "http://e.x/",
        "[1]",
        "[a]: ",
        "<img src=x>",
        "    ",
        "> ",
        "- ",
        "|-|-|\n",
        ":red[",
        "<div>\n",
        "<!--",
        "mermaid",
    ]
)


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    for token in READER.parse(text):
        found += [token, *(token.children or [])]
    return found


def shown(text: str) -> str:
    """The words a reader sees, without the invisible joiners."""
    kept = [t.content for t in tokens(text) if t.type in ("text", "code_inline", "fence")]
    return "".join(kept).replace("\u2060", "")


@given(st.lists(BITS, max_size=40).map("".join))
def test_an_answer_never_draws_or_links_elsewhere(text: str) -> None:
    for token in tokens(answer(text, 1, "cite-m")):
        assert token.type not in ("image", "html_block", "html_inline")
        if token.type == "link_open":
            assert token.attrs["href"] == "#cite-m-1"
        if token.type == "fence":
            assert token.info.strip().lower() not in ("mermaid", "math")


@given(st.lists(BITS, max_size=30).map("".join))
def test_a_plain_text_is_letters_only(text: str) -> None:
    kinds = {t.type for t in tokens(plain(text))}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}


@given(st.text(alphabet="ab1 .-#*[]()`$<>&:/@!_中", max_size=40))
def test_a_plain_text_loses_nothing(text: str) -> None:
    assert shown(plain(text)) == " ".join(text.split())


def test_markers_link_to_their_sources_and_no_further() -> None:
    assert answer("甲 [1]，乙 [2][3]。", 2, "cite-m") == (
        "甲 [1](#cite-m-1)，乙 [2](#cite-m-2)\\[3\\]。"
    )


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://e.example/p.png?secret)",
        "[click](http://e.example)",
        "![x][1]\n\n[1]: http://e.example/p.png",
        "<img src=http://e.example onerror=alert(1)>",
        "`a` ![x](http://e.example) `b`",
        "\\`![x](http://e.example)`",
        "```\n```[\n<img src=x>",
        "<div>\n```\n\nfoo\n```\n![x](http://e.example/p.png)",
        "|a|b|\n|-|-|\n| ` | ![x](http://e.example) ` |",
    ],
)
def test_known_ways_out_are_closed(text: str) -> None:
    kinds = {t.type for t in tokens(answer(text, 0, "c"))}
    assert not kinds & {"image", "link_open", "html_inline", "html_block"}


@pytest.mark.parametrize("text", ["see http://e.example/a", "www.e.example", "me@e.example"])
def test_addresses_are_not_linked_by_themselves(text: str) -> None:
    """GFM links bare addresses after parsing; the joiner breaks the pattern."""
    assert "\u2060" in answer(text, 0, "c")
    assert shown(answer(text, 0, "c")) == text


@pytest.mark.parametrize("text", [":red[x]", ":material/home:", ":smile:", ":+1:", "::name[x]"])
def test_streamlit_directives_stay_text(text: str) -> None:
    out = answer(text, 0, "c")
    assert text[:4] not in out
    assert shown(out) == text


def test_formulas_stay_text() -> None:
    assert answer("$x$ and $$y$$", 0, "c") == "\\$x\\$ and \\$\\$y\\$\\$"


def test_headings_lists_tables_and_code_are_kept() -> None:
    text = (
        "# 标题\n\n- **甲**\n\n|a|b|\n|-|-|\n|1|2|\n\n"
        "```python\nx[0] = '$1' # :red[x]\n```\n\n`a[0]`"
    )
    kinds = {t.type for t in tokens(answer(text, 0, "c"))}
    assert {"heading_open", "bullet_list_open", "strong_open", "table_open", "fence"} <= kinds
    assert "x[0] = '$1' # :red[x]" in answer(text, 0, "c")
    assert "`a[0]`" in answer(text, 0, "c")


def test_code_that_would_draw_is_shown_as_text() -> None:
    assert answer("```mermaid\ngraph TD\n```", 0, "c") == "```text\ngraph TD\n```"
    assert answer("```math\nx\n```", 0, "c") == "```text\nx\n```"


def test_an_unclosed_fence_is_code_to_the_end() -> None:
    assert answer("```\n[1](x)", 1, "c").endswith("[1](x)")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 20))
def test_highlighting_keeps_every_character_and_adds_marks_only(
    text: str, first: int, last: int, start: int
) -> None:
    reader = Tags()
    reader.feed(highlighted(text, start, [(first, last, "passage"), (first + 3, last, "cited")]))
    reader.close()
    assert set(reader.tags) <= {"mark"}
    assert reader.text == text


def test_a_document_with_scripts_is_shown_as_text() -> None:
    text = "前<script>alert(1)</script><img src=x onerror=alert(1)>\"'&后"
    out = highlighted(text, 100, [(101, 140, "cited")])
    assert "<script" not in out
    assert "<img" not in out
    assert "&lt;script&gt;" in out


def test_spans_are_offsets_of_the_document() -> None:
    spans = [(10, 16, "passage"), (12, 14, "cited")]
    assert highlighted("abcdefgh", 10, spans) == (
        '<mark class="passage">ab</mark><mark class="cited">cd</mark>'
        '<mark class="passage">ef</mark>gh'
    )


def test_a_long_name_keeps_its_extension() -> None:
    assert shortened("短.md") == "短.md"
    assert shortened("a" * 60 + ".docx", 20).endswith(".docx")
    assert len(shortened("a" * 60 + ".docx", 20)) == 20


def test_lines_of_a_question_are_kept() -> None:
    assert plain_lines("# 甲\n- 乙").count("\n") == 1


def test_marks_in_sizes_and_names_are_characters() -> None:
    text = "箱 600*400*300，入口 __init__ 与 5_000_000，误差 10%~15%、20%~30%，**重要**"
    shown = answer(text, 0, "a")
    html = READER.render(shown)
    assert "600*400*300" in html and "__init__" in html and "5_000_000" in html
    assert "<strong>重要</strong>" in html and "<em>" not in html
    assert shown.count("\\~") == 2  # Streamlit strikes out what stands between single tildes
