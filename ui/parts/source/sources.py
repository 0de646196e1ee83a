"""Sources of an answer: what they are called, and the chips below it that open them."""

import re
from collections import Counter
from collections.abc import Sequence

import streamlit as st

from ui import state
from ui.client import wire
from ui.safe_markdown import plain, shortened
from ui.words.texts import t

# The parts of a locator as the API words them; names of files stand between them.
_LOCATOR = re.compile(
    r"(?:^|(?<=, ))(?:sheet (?P<sheet>.+?)|slide (?P<slide>\d+)|page (?P<page>\d+)"
    r"|rows (?P<rows>\d+–\d+)|row (?P<row>\d+))(?=, |$)"
)

_TABLE_ROW = re.compile(r"\|.*\|$")


def label(passage: wire.Passage, number: int, citations: Sequence[wire.Citation] = ()) -> str:
    """`1 · file · p. 3`, safe for a button. The place is that of the cited words, if there are; a
    file without pages has sections."""
    name = shortened(passage["document_name"], 28)
    where = places(passage, number, citations, "source.page_short") or section(passage)
    return " · ".join(plain(part) for part in (str(number), name, shortened(where, 40)) if part)


def labels(
    passages: Sequence[wire.Passage],
    numbers: Sequence[int],
    citations: Sequence[wire.Citation] = (),
) -> dict[int, str]:
    """By number. Two passages of one place are told apart by their first words."""
    made = {number: label(passages[number - 1], number, citations) for number in numbers}
    bare = Counter(text.partition(" · ")[2] for text in made.values())
    return {
        number: f"{text} · {plain(first_words(passages[number - 1], 12))}"
        if bare[text.partition(" · ")[2]] > 1
        else text
        for number, text in made.items()
    }


def section(passage: wire.Passage) -> str:
    """The innermost heading."""
    return next(reversed(sections(passage["headings"])), "")


def sections(headings: Sequence[str]) -> list[str]:
    """The headings without the head of a table, which those of a chunk inside a table end with."""
    return [heading for heading in headings if not _TABLE_ROW.match(heading)]


def first_words(passage: wire.Passage, characters: int) -> str:
    """How the passage itself begins, without a heading that is said elsewhere."""
    words = " ".join(passage["text"].split())
    for heading in passage["headings"]:
        words = words.removeprefix(" ".join(heading.split())).lstrip()
    return f"{words[:characters]}…" if len(words) > characters else words


def places(
    passage: wire.Passage, number: int, citations: Sequence[wire.Citation], page_word: str
) -> str:
    """Where the cited words of a passage are, or the passage itself."""
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
    """A row of buttons, one a source. A click opens the drawer, also while text is coming in."""
    with st.container(horizontal=True, gap="xsmall", key=f"chips-{message_id}"):
        for number, words in labels(passages, numbers, citations).items():
            passage = passages[number - 1]
            key = f"chip-{message_id}-{number}"
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
