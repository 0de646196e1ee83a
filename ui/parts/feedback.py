"""Answer ratings: thumbs, and the form behind 👎. Every change is saved at once."""

from typing import Any

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.account import signed_out
from ui.parts.source.sources import first_words, place, section
from ui.safe_markdown import plain
from ui.words.texts import refused, t

REASONS = ("wrong", "not_in_sources", "source_missing", "out_of_date", "badly_written")
EMPTY: wire.Feedback = {
    "rating": "down",
    "reason": None,
    "comment": "",
    "correction": "",
    "right_chunk_id": None,
}
_WORDS_CHARS = 240  # of a passage that can be chosen
_ANSWER_CHARS = 80  # of the answer a form is about
_FIELDS = ("reason", "comment", "correction", "right_chunk_id")


def editable(feedback: wire.Feedback | None, rating: wire.Rating) -> wire.Feedback:
    """Feedback in the form the API accepts, without the fields it adds itself."""
    current = feedback or EMPTY
    return {
        "rating": rating,
        "reason": current["reason"],
        "comment": current["comment"],
        "correction": current["correction"],
        "right_chunk_id": current["right_chunk_id"],
    }


def thumbs(message: wire.Message) -> None:
    """👍 👎 for a message, preset to its saved rating."""
    key = f"thumbs-{message['id']}"
    saved = message["feedback"]
    if key not in st.session_state:
        st.session_state[key] = None if saved is None else int(saved["rating"] == "up")
    st.feedback("thumbs", key=key, on_change=_rated, args=(message["id"], key))


def _rated(message_id: str, key: str) -> None:
    chosen = st.session_state[key]
    rating: wire.Rating | None = None if chosen is None else "up" if chosen else "down"
    try:
        saved = state.message(message_id)["feedback"]
        # Thumbs that come back after another variant was shown report their value once more.
        if rating == (saved and saved["rating"]):
            return
        if rating is None:
            state.client().delete_feedback(message_id)
            return
        state.client().put_feedback(message_id, editable(saved, rating))
    except ApiError as error:
        st.session_state.pop(key)
        st.toast(refused(error), icon=":material/error:")
        return
    if rating == "down":
        open_form(message_id)
    else:
        st.toast(t("feedback.thanks"), icon=":material/check:")


def open_form(message_id: str) -> None:
    for name in _FIELDS:
        st.session_state.pop(_field(name, message_id), None)
    state.open_dialog("feedback", message_id=message_id, found=[])


def _field(name: str, message_id: str) -> str:
    """The key of a widget of the form: each answer has its own, so that no words reach another."""
    return f"feedback-{name}-{message_id}"


def dialog() -> None:
    opened = state.dialog()
    if opened is None:
        return
    message = state.message(opened["message_id"])
    st.caption(plain(_beginning(message)))
    for name, value in editable(message["feedback"], "down").items():
        st.session_state.setdefault(_field(name, message["id"]), value)

    def save() -> None:
        _save(message["id"])

    st.pills(
        t("feedback.reason"),
        REASONS,
        format_func=lambda reason: t(f"reason.{reason}"),
        key=_field("reason", message["id"]),
        on_change=save,
    )
    st.text_area(
        t("feedback.correction"),
        key=_field("correction", message["id"]),
        placeholder=t("feedback.correction_hint"),
        height=120,
        max_chars=50_000,
        on_change=save,
    )
    _right_source(message, opened)
    st.text_area(
        t("feedback.comment"),
        key=_field("comment", message["id"]),
        height=80,
        max_chars=10_000,
        on_change=save,
    )
    if state.person():
        st.caption(t("feedback.seen_by"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("feedback.saved_at_once"))
        if st.button(t("feedback.done"), type="primary", key="feedback-done"):
            if not _is_kept(message["id"]):
                return  # what was written stays in the form
            state.close_dialog()
            st.rerun()


def _right_source(message: wire.Message, opened: dict[str, Any]) -> None:
    """Selects the passage that contains the answer, from those shown or from a search."""
    search_key = f"feedback-search-{message['id']}"
    refusal = _search(message, opened, st.session_state.get(search_key, ""))
    found: list[wire.Passage] = opened["found"]
    passages = {p["chunk_id"]: p for p in [*message["passages"], *found]}
    chosen: int | None = st.session_state.get(_field("right_chunk_id", message["id"]))
    options = list(dict.fromkeys([*passages, *([chosen] if chosen is not None else [])]))

    def label(chunk_id: int) -> str:
        passage = passages.get(chunk_id)
        if passage is None:
            return t("feedback.source_chosen_before")
        where = place(passage) or section(passage)
        # Numbered: two options of the same words would be one to Streamlit.
        parts = (str(options.index(chunk_id) + 1), passage["document_name"], where)
        return " · ".join(plain(part) for part in parts if part)

    st.radio(
        t("feedback.right_source"),
        options,
        index=None,
        format_func=label,
        captions=[_own_words(passages[id_]) if id_ in passages else "" for id_ in options],
        key=_field("right_chunk_id", message["id"]),
        on_change=lambda: _save(message["id"]),
    )
    query = st.text_input(t("feedback.search"), key=search_key)
    if refusal:
        signed_out.shown_instead_of(refusal)
    elif query:
        st.caption(t("feedback.found", n=len(found)) if found else t("feedback.found_none"))


def _search(message: wire.Message, opened: dict[str, Any], query: str) -> ApiError | None:
    """Finds what can be selected besides. Returns why not; then it is tried again the next time."""
    if not query or query == opened.get("query"):
        return None
    try:
        conversation = state.client().conversation(message["conversation_id"])
        found = state.client().search(query, conversation["base_ids"], top_k=8)
    except ApiError as error:
        return error
    opened["query"], opened["found"] = query, found
    return None


def _own_words(passage: wire.Passage) -> str:
    """What tells the passage from its neighbours: its words, not the heading above them."""
    return plain(first_words(passage, _WORDS_CHARS))


def _beginning(message: wire.Message) -> str:
    """What tells the answer from its variants."""
    words = " ".join(message["content"].split())
    return words if len(words) <= _ANSWER_CHARS else f"{words[:_ANSWER_CHARS]}…"


def _save(message_id: str) -> None:
    _is_kept(message_id)


def _is_kept(message_id: str) -> bool:
    """Saves what stands in the form, or says why not. A field that isn't drawn any more keeps what
    was saved."""
    try:
        feedback = editable(state.message(message_id)["feedback"], "down")
        for name in _FIELDS:
            key = _field(name, message_id)
            if key in st.session_state:
                value = st.session_state[key]
                empty = "" if name in ("comment", "correction") else None
                feedback[name] = empty if value is None else value  # type: ignore[literal-required]  # a field of it
        state.client().put_feedback(message_id, feedback)
    except ApiError as error:
        st.toast(refused(error), icon=":material/error:")
        return False
    return True
