"""An answer's text with what is known of its sentences: no source holds one, sources disagree."""

import streamlit as st

from ui import safe_markdown
from ui.client import wire
from ui.parts import marks
from ui.words.texts import t

# Private characters stand where a note goes, while everything else is made safe.
_PLACES = {"words": "\ue000", "number": "\ue001"}
_REMOVED = str.maketrans("", "", "".join(_PLACES.values()))


def text(message: wire.Message) -> None:
    """The answer, each sentence without support followed by a note."""
    st.markdown(noted(message))


def noted(message: wire.Message) -> str:
    """Markdown of the answer with its notes."""
    content = message["content"]
    pieces: list[str] = []
    end = 0
    for span in sorted(message.get("unsupported", []), key=lambda span: span["end"]):
        pieces += [content[end : span["end"]].translate(_REMOVED), _PLACES[span["reason"]]]
        end = span["end"]
    pieces.append(content[end:].translate(_REMOVED))
    anchor = marks.anchor(message["id"])
    shown = safe_markdown.answer("".join(pieces), len(message["passages"]), anchor)
    for reason, place in _PLACES.items():
        shown = shown.replace(place, f" :orange-badge[{t(f'trust.{reason}')}]")
    return shown


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
            said_safely = safe_markdown.answer(" ".join(said.split()), 0, anchor)
            lines.append(
                f"- [{marker}](#{anchor}-{marker}) {safe_markdown.plain(name)}: {said_safely}"
            )
    st.warning("\n".join([lines[0], "", *dict.fromkeys(lines[1:])]), icon=":material/balance:")
