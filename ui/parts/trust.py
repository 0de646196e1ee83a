"""An answer's text with what is known of its statements, and sources that disagree.

The text is the model's own. What stands beside it here is put in for display only: chips of the
sources behind a sentence or below a table, a quiet mark where no source says it.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import streamlit as st

from ui import safe_markdown
from ui.client import wire
from ui.parts.source import marks
from ui.words.texts import t

# A private character stands for a piece of ours, while everything else is made safe.
_PLACE = re.compile("\ue000(\\d+)\ue001")
_REMOVED = str.maketrans("", "", "\ue000\ue001")

_HELD = ("supported", "computed")
_DOUBTED = ("unsupported", "contradicted")


def text(message: wire.Message) -> None:
    """The answer with its chips and marks, and what they say."""
    st.markdown(noted(message))
    doubts = [check for check in message.get("checks", []) if check["verdict"] == "unsupported"]
    if doubts:
        st.caption(t("trust.doubted", count=len(doubts)))
    contradictions(message)


def noted(message: wire.Message) -> str:
    """Markdown of the answer for st.markdown."""
    content = message["content"]
    checks = message.get("checks")
    anchor = marks.anchor(message["id"])
    if not checks:  # an answer of an earlier version, or one without sources
        return safe_markdown.answer(content.translate(_REMOVED), len(message["passages"]), anchor)
    pieces: list[str] = []
    ours: list[str] = []
    at = 0
    for start, end, shown in sorted(_insertions(message, checks), key=lambda each: each[:2]):
        pieces += [content[at:start].translate(_REMOVED), f"\ue000{len(ours)}\ue001"]
        ours.append(shown)
        at = end
    pieces.append(content[at:].translate(_REMOVED))
    safe = safe_markdown.answer("".join(pieces), 0, anchor)
    return _PLACE.sub(lambda found: ours[int(found[1])], safe)


def contradictions(message: wire.Message) -> None:
    """Each sentence that a source contradicts, beside what the source says."""
    anchor = marks.anchor(message["id"])
    lines = []
    for check in message.get("checks", []):
        if check["verdict"] == "contradicted" and check["sources"]:
            source = check["sources"][0]
            said = _plain(_without_markers(message["content"], check))
            lines.append(f"- {said} ↔ {_chip(source['marker'], anchor)} {_plain(source['text'])}")
    if lines:
        st.caption("\n".join([t("trust.contradicted_by"), "", *lines]))


def conflicts(message: wire.Message) -> None:
    """Sources that say the same with other numbers, side by side."""
    found = message.get("conflicts", [])
    if not found:
        return
    anchor = marks.anchor(message["id"])
    lines = [t("trust.conflict")]
    for conflict in found:
        for marker, said in (
            (conflict["marker"], conflict["text"]),
            (conflict["other_marker"], conflict["other_text"]),
        ):
            name = message["passages"][marker - 1]["document_name"]
            lines.append(f"- {_chip(marker, anchor)} {safe_markdown.plain(name)}: {_plain(said)}")
    st.warning("\n".join([lines[0], "", *dict.fromkeys(lines[1:])]), icon=":material/balance:")


def _insertions(
    message: wire.Message, checks: Sequence[wire.Check]
) -> Iterator[tuple[int, int, str]]:
    """Start and end of what is replaced in the text, and what is shown there."""
    content, count = message["content"], len(message["passages"])
    anchor = marks.anchor(message["id"])
    yield from _markers(checks, count, anchor)
    held_in_cells: dict[int, list[int]] = {}
    ends = safe_markdown.table_ends(content)
    for check, after in pairwise([*checks, None]):
        if check is None:
            continue
        if check["verdict"] in _DOUBTED:
            yield check["end"], check["end"], _doubt(check)
        elif check["verdict"] in _HELD and check["kind"] == "cell":
            below = next((end for end in ends if end >= check["end"]), len(content))
            held_in_cells.setdefault(below, []).extend(_sources(check))
        elif check["verdict"] in _HELD:
            written = {n for marker in check["markers"] for n in marker["numbers"]}
            chips = [n for n in _sources(check) if n not in written]
            computed = f" :gray[:small[{t('trust.computed')}]]"
            note = computed if check["verdict"] == "computed" else ""
            if chips and not _goes_on(check, after, content):
                note += "".join(_chip(number, anchor) for number in chips)
            if note:
                yield check["end"], check["end"], note
    for end, numbers in held_in_cells.items():
        chain = "".join(_chip(number, anchor) for number in sorted(set(numbers)))
        yield end, end, f"\n\n:gray[:small[{t('trust.table')}]] {chain}\n\n"


def _markers(
    checks: Sequence[wire.Check], count: int, anchor: str
) -> Iterator[tuple[int, int, str]]:
    """The model's own markers as links; those of doubted statements look doubtful."""
    found = {marker["start"]: marker for check in checks for marker in check["markers"]}
    sound = {
        marker["start"]
        for check in checks
        if check["verdict"] not in _DOUBTED
        for marker in check["markers"]
    }
    for start, marker in found.items():
        if all(1 <= number <= count for number in marker["numbers"]):
            place = anchor if start in sound else marks.doubtful(anchor)
            yield start, marker["end"], "".join(_chip(n, place) for n in marker["numbers"])


def _goes_on(check: wire.Check, after: wire.Check | None, content: str) -> bool:
    """Whether the next sentence in the line rests on the same sources: its chips are enough."""
    return (
        after is not None
        and after["verdict"] == "supported"
        and not after["markers"]
        and _sources(check) == _sources(after)
        and "\n" not in content[check["end"] : after["start"]]
    )


def _sources(check: wire.Check) -> list[int]:
    return list(dict.fromkeys(source["marker"] for source in check["sources"]))


def _doubt(check: wire.Check) -> str:
    if check["verdict"] == "contradicted":
        return f" :orange-badge[{t('trust.contradicted')}]"
    reason = "number" if check["reason"] in ("number", "date") else "words"
    return f'[?](#doubt "{t(f"trust.{reason}")}")'


def _chip(number: int, anchor: str) -> str:
    return f"[{number}](#{anchor}-{number})"


def _without_markers(content: str, check: wire.Check) -> str:
    said, at = "", check["start"]
    for marker in check["markers"]:
        if check["start"] <= marker["start"] < check["end"]:
            said += content[at : marker["start"]]
            at = marker["end"]
    return said + content[at : check["end"]]


def _plain(words: str) -> str:
    return safe_markdown.plain(safe_markdown.shortened(" ".join(words.split()), 120))
