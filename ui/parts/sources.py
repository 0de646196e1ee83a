"""Sources of an answer: chips below it, and the dialog that shows the passage."""

import re
from collections.abc import Sequence

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.parts import marks
from ui.parts.source_text import drawn
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

AROUND_CHARS = 900  # shown before and after the passage

# The parts of a locator as the API words them; names of files stand between them.
_LOCATOR = re.compile(
    r"(?:^|(?<=, ))(?:sheet (?P<sheet>.+?)|slide (?P<slide>\d+)|page (?P<page>\d+)"
    r"|rows (?P<rows>\d+–\d+)|row (?P<row>\d+))(?=, |$)"
)


def label(passage: wire.Passage, number: int, citations: Sequence[wire.Citation] = ()) -> str:
    """`1 · file · p. 3`, safe for a button. The place is that of the cited words, if there are."""
    name = plain(shortened(passage["document_name"], 28))
    place = _places(passage, number, citations, "source.page_short")
    return " · ".join(part for part in (str(number), name, plain(shortened(place, 40))) if part)


def _places(
    passage: wire.Passage, number: int, citations: Sequence[wire.Citation], page_word: str
) -> str:
    cited = [place(c, page_word) for c in citations if c["marker"] == number]
    return ", ".join(dict.fromkeys(cited)) if cited else place(passage, page_word)


def place(found: wire.Passage | wire.Citation, page_word: str = "source.page_short") -> str:
    """Sheet and rows, slide or page, in the words of the interface."""
    if locator := found.get("locator"):
        return place_in_words(locator)
    return t(page_word, page=found["page"]) if found["page"] else ""


def place_in_words(locator: str) -> str:
    """The API's `sheet 薪资, rows 8–20` in the present language."""
    return _LOCATOR.sub(_in_words, locator)


def _in_words(match: re.Match[str]) -> str:
    kind = match.lastgroup or "page"
    return t(f"source.{kind}", **{kind: match[kind]})


def chips(
    message_id: str,
    passages: list[wire.Passage],
    numbers: list[int],
    citations: Sequence[wire.Citation] = (),
) -> None:
    """A row of buttons, one a source. A click opens the dialog, also while text is coming in."""
    with st.container(horizontal=True, gap="xsmall", key=f"chips-{message_id}"):
        for number in numbers:
            passage = passages[number - 1]
            key = f"chip-{message_id}-{number}"
            words = label(passage, number, citations)
            if st.button(words, key=key, help=plain(passage["document_name"])):
                state.open_dialog("source", message_id=message_id, number=number)
                st.rerun()


def cited_numbers(message: wire.Message) -> list[int]:
    """What the answer rests on; all passages where it rests on none.

    Of an answer with verdicts only what supports a statement counts, not what the model named.
    """
    checks = message.get("checks")
    found = [
        source["marker"]
        for check in checks or []
        if check["verdict"] in ("supported", "computed")
        for source in check["sources"]
    ]
    cited = sorted({*found} if checks else {c["marker"] for c in message["citations"]})
    return [n for n in cited if 1 <= n <= len(message["passages"])] or [
        *range(1, len(message["passages"]) + 1)
    ]


def rests_on_sources(message: wire.Message) -> bool:
    """Whether a source supports anything of the answer."""
    checks = message.get("checks")
    if not checks:
        return bool(message["citations"])
    return any(check["verdict"] in ("supported", "computed") for check in checks)


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
    _passage(passage, cited)
    _footer(opened, passage, number, numbers)


def _heading(passage: wire.Passage, number: int, cited: Sequence[wire.Citation]) -> None:
    st.markdown(f"**\\[{number}\\] {plain(passage['document_name'])}**")
    where = _places(passage, number, cited, "source.page")
    trail = [where, *passage["headings"]] if where else passage["headings"]
    if trail:
        st.caption(" › ".join(plain(step) for step in trail))


def _passage(passage: wire.Passage, cited: list[wire.Citation]) -> None:
    first = max(0, passage["start"] - AROUND_CHARS)
    try:
        around = state.client().text(passage["document_id"], first, passage["end"] + AROUND_CHARS)
        text, start, total = around["text"], around["start"], around["total_chars"]
        tables = state.client().tables(passage["document_id"], start, start + len(text))
    except ApiDown:
        raise
    except ApiError:
        st.caption(t("source.removed"))
        text, start, total, tables = passage["text"], passage["start"], 0, []
    spans = [(passage["start"], passage["end"], "passage")]
    spans += [(c["start"], c["end"], "cited") for c in cited]
    before = "… " if start > 0 and total else ""
    after = " …" if start + len(text) < total else ""
    body = before + drawn(text, start, spans, tables) + after
    st.html(f'<div class="zw-source">{body}</div>')
    marks.show_source(f"{passage['document_id']}-{passage['start']}-{len(cited)}")
    if cited:
        st.caption(t("source.legend"))


def _footer(
    opened: dict[str, object], passage: wire.Passage, number: int, numbers: list[int]
) -> None:
    def go(target: int) -> None:
        opened["number"] = target

    client = state.client()  # the download runs outside of this session's script
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
        st.space("stretch")
        st.download_button(
            t("source.download"),
            data=lambda: client.file(passage["document_id"]),
            file_name=passage["document_name"],
            icon=":material/download:",
            on_click="ignore",
            key="source-download",
        )
