"""The drawer that shows a source: its page with the words outlined, or its text."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.parts.source import marks, original, page_viewer
from ui.parts.source.sources import cited_numbers, places, sections
from ui.parts.source.text import drawn
from ui.safe_markdown import plain
from ui.words.texts import refused, t

AROUND_CHARS = 900  # shown before and after the passage
_CHUNKS_NEAR = 8  # before it, and after those that it may consist of


class _Shown(NamedTuple):
    """The stored text around a passage; without `is_current` only the passage itself, as it was
    when the answer was written."""

    text: str
    start: int
    total_chars: int
    tables: list[wire.Table]
    headings: list[str]
    is_current: bool
    note: str = ""


class _Placed(NamedTuple):
    """Where the words stand on the pages. Without any box, where the passage begins."""

    boxes: dict[int, list[page_viewer.Box]]
    first: int
    page_count: int
    place: str  # differs for other words
    note: str


def _sources_of(message_id: str) -> tuple[list[wire.Passage], list[wire.Citation], list[int]]:
    watching = state.watches().get(message_id)
    if watching and not watching.final:
        return watching.passages, [], [*range(1, len(watching.passages) + 1)]
    message = (watching.final if watching else None) or state.message(message_id)
    return message["passages"], message["citations"], cited_numbers(message)


def dialog() -> None:
    opened = state.dialog()
    if opened is None:
        return
    try:
        passages, citations, numbers = _sources_of(opened["message_id"])
    except ApiError as error:
        st.error(refused(error))
        return
    number = int(opened["number"])
    if not 1 <= number <= len(passages):
        st.info(t("source.gone"))
        return
    passage = passages[number - 1]
    cited = [c for c in citations if c["marker"] == number]
    _heading(passage, number, cited)
    around = _around(passage)
    placed = _placed(passage, cited) if around.is_current else None
    # Chosen below it, in the footer.
    if placed is None or st.session_state.get("source-view") == "text":
        _text(passage, cited, around)
    else:
        _page(passage, placed)
    _footer(opened, passage, number, numbers, has_pages=placed is not None)


def _heading(passage: wire.Passage, number: int, cited: Sequence[wire.Citation]) -> None:
    st.markdown(f"**\\[{number}\\] {plain(passage['document_name'])}**")
    where = places(passage, number, cited, "source.page")
    trail = [where] if where else []
    trail += sections(passage["headings"])
    if trail:
        st.caption(" › ".join(plain(step) for step in trail))


def _around(passage: wire.Passage) -> _Shown:
    """What the document says there now, or the passage as the answer has it."""
    first = max(0, passage["start"] - AROUND_CHARS)
    note = "source.removed"
    try:
        found = state.client().text(passage["document_id"], first, passage["end"] + AROUND_CHARS)
        text, start = found["text"], found["start"]
        now = text[passage["start"] - start : passage["end"] - start]
        if now.split() == passage["text"].split():  # blank lines between its parts are not kept
            tables = state.client().tables(passage["document_id"], start, start + len(text))
            headings = _headings_near(passage)
            return _Shown(text, start, found["total_chars"], tables, headings, is_current=True)
        note = "source.read_again"
    except ApiDown:
        raise
    except ApiError:
        pass  # removed, most likely; the passage itself is at hand
    headings = passage["headings"]
    return _Shown(passage["text"], passage["start"], 0, [], headings, is_current=False, note=note)


def _headings_near(passage: wire.Passage) -> list[str]:
    """Those above the passage and in the text around it."""
    first = max(passage["ordinal"] - _CHUNKS_NEAR, 0)
    chunks = state.client().chunks(passage["document_id"], limit=3 * _CHUNKS_NEAR, offset=first)
    found = [*passage["headings"], *(heading for chunk in chunks for heading in chunk["headings"])]
    return list(dict.fromkeys(found))


def _placed(passage: wire.Passage, cited: Sequence[wire.Citation]) -> _Placed | None:
    """None where the document has no pages."""
    client, document_id = state.client(), passage["document_id"]
    boxes: dict[int, list[page_viewer.Box]] = {}
    note = "source.legend_page" if cited else ""
    try:
        kinds = [("passage", client.boxes(document_id, passage["start"], passage["end"]))]
        kinds += [("cited", client.boxes(document_id, c["start"], c["end"])) for c in cited]
        boxes = page_viewer.boxes_by_page(kinds)
    except ApiDown:
        raise
    except ApiError as error:
        if error.code != "not_placed":
            return None
        note = "source.not_placed"
    outlined = [page for page, held in boxes.items() if any(kind == "cited" for kind, *_ in held)]
    first = min(outlined or boxes or [passage["page"] or 1])
    count = client.document(document_id)["page_count"] or first
    place = "-".join(str(start) for start in (passage["start"], *(c["start"] for c in cited)))
    return _Placed(boxes, first, count, place, note)


def _page(passage: wire.Passage, placed: _Placed) -> None:
    page_viewer.draw(
        passage["document_id"], placed.first, placed.page_count, placed.boxes, placed.place
    )
    if placed.note:
        st.caption(t(placed.note))


def _text(passage: wire.Passage, cited: Sequence[wire.Citation], around: _Shown) -> None:
    text, start, total = around.text, around.start, around.total_chars
    if around.note:
        st.caption(t(around.note))
    spans = [(passage["start"], passage["end"], "passage")]
    spans += [(c["start"], c["end"], "cited") for c in cited]
    before = "… " if start > 0 and total else ""
    after = " …" if start + len(text) < total else ""
    body = before + drawn(text, start, spans, around.tables, around.headings) + after
    st.html(f'<div class="zw-source">{body}</div>')
    marks.show_source(f"{passage['document_id']}-{passage['start']}-{len(cited)}")
    if cited:
        st.caption(t("source.legend"))


def _footer(
    opened: dict[str, object],
    passage: wire.Passage,
    number: int,
    numbers: list[int],
    *,
    has_pages: bool,
) -> None:
    def go(target: int) -> None:
        opened["number"] = target

    before = [n for n in numbers if n < number]
    after = [n for n in numbers if n > number]
    with st.container(horizontal=True, vertical_alignment="center"):
        back, on = t("source.previous"), t("source.next")
        st.button(
            back,
            icon=":material/chevron_left:",
            on_click=go,
            args=(before[-1] if before else number,),
            disabled=not before,
            key="source-previous",
        )
        st.button(
            on,
            icon=":material/chevron_right:",
            on_click=go,
            args=(after[0] if after else number,),
            disabled=not after,
            key="source-next",
        )
        if has_pages:
            _choose_view()
        st.space("stretch")
        original.link(passage["document_id"])


def _choose_view() -> None:
    """The page, or the text that was read from it."""
    st.segmented_control(
        t("source.view"),
        ("page", "text"),
        format_func=lambda kind: t(f"source.as_{kind}"),
        default="page",
        required=True,
        key="source-view",
        label_visibility="collapsed",
    )
