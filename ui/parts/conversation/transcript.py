"""A conversation as Markdown: every question and answer, and what each answer rests on."""

import re
from collections.abc import Iterator
from datetime import datetime, tzinfo

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts.conversation.turns import turns
from ui.parts.source import sources
from ui.words.texts import t

_DOUBTED = ("unsupported", "contradicted")
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
_MOST_NAME_CHARS = 60


def button(conversation: wire.ConversationDetail) -> None:
    """Downloads the conversation as it is shown."""
    zone = state.time_zone()
    st.download_button(
        t("transcript.download"),
        data=markdown(conversation, zone),
        file_name=file_name(conversation),
        mime="text/markdown",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"transcript-{conversation['id']}",
    )


def file_name(conversation: wire.ConversationDetail) -> str:
    name = " ".join(_UNSAFE.sub(" ", _title(conversation)).split())[:_MOST_NAME_CHARS].strip(" .")
    return f"{name or 'conversation'}.md"


def markdown(conversation: wire.ConversationDetail, zone: tzinfo) -> str:
    """The branch that is shown, with the variant of each answer that was followed or is the newest,
    as the model wrote it."""
    at = datetime.fromisoformat(conversation["updated_at"]).astimezone(zone)
    parts = [f"# {_title(conversation)}", f"{at:%Y-%m-%d %H:%M}"]
    for turn in turns(conversation["messages"]):
        answer = turn.answers[turn.place]
        parts.append("## " + " ".join(turn.question["content"].split()))
        parts += [answer["content"], *_about(answer)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(conversation: wire.ConversationDetail) -> str:
    return " ".join((conversation["title"] or t("sidebar.untitled")).split())


def _about(answer: wire.Message) -> Iterator[str]:
    """Sources by number with the words that are cited, then statements without support."""
    if sources.rests_on_sources(answer):
        lines = [_source(answer, number) for number in sources.cited_numbers(answer)]
        yield f"**{t('transcript.sources')}**\n\n" + "\n".join(lines)
    doubted = [
        f"- {' '.join(answer['content'][check['start'] : check['end']].split())}"
        for check in answer.get("checks", [])
        if check["verdict"] in _DOUBTED
    ]
    if doubted:
        yield f"**{t('transcript.doubts')}**\n\n" + "\n".join(doubted)


def _source(answer: wire.Message, number: int) -> str:
    passage = answer["passages"][number - 1]
    where = sources.places(passage, number, answer["citations"], "source.page_short")
    head = ", ".join(part for part in (passage["document_name"], where) if part)
    words = dict.fromkeys(
        " ".join(cited["text"].split())
        for cited in answer["citations"]
        if cited["marker"] == number
    )
    return "\n".join([f"- [{number}] {head}", *(f"  > {each}" for each in words)])
