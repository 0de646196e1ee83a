"""What one could ask next: the sections that the answer rests on, and those found beside them."""

from collections.abc import Iterator

import streamlit as st

from ui import safe_markdown
from ui.client import wire
from ui.parts.source import sources
from ui.words.texts import t

_MOST = 3
_MOST_CHARS = 40  # of a heading; a longer one is a sentence


def draw(answer: wire.Message, asked: str) -> None:
    """Buttons that ask. Nothing where the answer rests on no section."""
    headings = headings_of(answer, asked)
    if not headings:
        return
    with st.container(gap="xsmall", key=f"chips-next-{answer['id']}"):
        st.caption(t("suggest.title"))
        for number, heading in enumerate(headings):
            question = t("suggest.more", heading=heading)
            key = f"next-{answer['id']}-{number}"
            if st.button(safe_markdown.plain(question), key=key, width="content"):
                st.session_state["send_now"] = question


def headings_of(answer: wire.Message, asked: str) -> list[str]:
    """The innermost headings, those of cited sections first, without what was asked about."""
    if answer["state"] != "complete" or not sources.rests_on_sources(answer):
        return []
    found = (" ".join(heading.split()) for heading in _innermost(answer))
    fitting = (h for h in found if 1 < len(h) <= _MOST_CHARS and h.lower() not in asked.lower())
    return list(dict.fromkeys(fitting))[:_MOST]


def _innermost(answer: wire.Message) -> Iterator[str]:
    passages = answer["passages"]
    cited = [passages[number - 1] for number in sources.cited_numbers(answer)]
    documents = {passage["document_id"] for passage in cited}
    beside = [passage for passage in passages if passage["document_id"] in documents]
    for passage in (*cited, *beside):
        if heading := sources.section(passage):
            yield heading
