"""A question: its words, the same in other words, and the branches that this has made."""

import streamlit as st

from ui import address, safe_markdown, state
from ui.client.http import ApiError
from ui.parts import picker
from ui.parts.conversation.turns import Turn
from ui.words.texts import refused, t

_FOCUS_JS = """
export default function ({ data }) {
  if (!data.at || window.zhiwenEdit === data.turn) return;
  if (window.zhiwenScroll) window.zhiwenScroll.pinned = false;  // not to the end of the page
  const focus = () => {
    const found = document.querySelector(data.at);
    if (!found || window.zhiwenEdit === data.turn) return;
    window.zhiwenEdit = data.turn;
    found.focus();
    if (found.setSelectionRange) found.setSelectionRange(found.value.length, found.value.length);
  };
  const timers = [60, 300, 900].map((ms) => setTimeout(focus, ms));
  return () => timers.forEach(clearTimeout);
}
"""

_focus = st.components.v2.component("zhiwen_edit_focus", js=_FOCUS_JS)


def draw(turn: Turn, *, busy: bool) -> str | None:
    """Returns the edited words once they are sent."""
    message = turn.question
    if st.session_state.get("edited") == message["id"] and not busy:
        return _editor(turn)
    with st.container(key=f"turn-{message['id']}", gap="xxsmall"):
        with st.container(key=f"asked-{message['id']}", horizontal_alignment="right"):
            text = safe_markdown.plain_lines(message["content"]).replace("\n", "  \n")
            st.markdown(text, width="content")
        _tools(turn, busy=busy)
    return None


def place_cursor() -> None:
    """In the editor when it opens, on the button when it closes. Call once per page."""
    at, turn = st.session_state.get("edit_focus", ("", 0))
    _focus(key="edit-focus", data={"at": at, "turn": turn}, height="content")


def _tools(turn: Turn, *, busy: bool) -> None:
    message = turn.question
    siblings = message.get("siblings", [])
    with st.container(
        horizontal=True,
        horizontal_alignment="right",
        vertical_alignment="center",
        gap="xxsmall",
        key=f"asked_tools-{message['id']}",
    ):
        if _is_editable(turn):
            st.button(
                t("question.edit"),
                icon=":material/edit:",
                type="tertiary",
                key=f"reword-{message['id']}",
                help=t("question.edit"),
                disabled=busy,
                on_click=_edit,
                args=(message["id"],),
            )
        if len(siblings) > 1:
            _branches(message["id"], siblings, busy=busy)


def _is_editable(turn: Turn) -> bool:
    """A summary is asked for by a button, and its question only names the document."""
    return all(answer.get("task") != "summarise" for answer in turn.answers)


def _branches(question_id: str, siblings: list[str], *, busy: bool) -> None:
    place = siblings.index(question_id)
    for step, icon in ((-1, ":material/chevron_left:"), (1, ":material/chevron_right:")):
        words = t("question.branch_back" if step < 0 else "question.branch_on")
        st.button(
            words,
            icon=icon,
            type="tertiary",
            key=f"branch{step}-{question_id}",
            help=words,
            disabled=busy or not 0 <= place + step < len(siblings),
            on_click=_show,
            args=(siblings, place + step, step),
        )
        if step < 0:
            st.markdown(f"{place + 1} / {len(siblings)}", width="content")


def _show(siblings: list[str], place: int, step: int) -> None:
    """Remembered by the API: a reload and another device show the same."""
    shown = siblings[place]
    try:
        state.client().show(shown)
    except ApiError as error:
        st.toast(refused(error), icon=":material/error:")
        return
    address.forget("a")  # an answer of the other branch
    state.close_dialog()
    ends = not 0 <= place + step < len(siblings)
    _set_focus(f".st-key-branch{-step if ends else step}-{shown} button")


def _edit(question_id: str | None, back_to: str = "") -> None:
    st.session_state["edited"] = question_id
    at = f".st-key-words-{question_id} textarea" if question_id else f".st-key-{back_to} button"
    _set_focus(at)


def _set_focus(at: str) -> None:
    _, turn = st.session_state.get("edit_focus", ("", 0))
    st.session_state["edit_focus"] = (at, turn + 1)


def _editor(turn: Turn) -> str | None:
    message = turn.question
    with (
        st.container(key=f"editor-{message['id']}"),
        st.form(f"edit-form-{message['id']}", border=True),
    ):
        words = st.text_area(
            t("question.edit"),
            value=message["content"],
            key=f"words-{message['id']}",
            max_chars=picker.max_characters(),
            height="content",
            label_visibility="collapsed",
        )
        st.caption(t("question.kept"))
        with st.container(horizontal=True, horizontal_alignment="right"):
            sent = st.form_submit_button(t("question.send"), type="primary")
            st.form_submit_button(
                t("action.cancel"), on_click=_edit, args=(None, f"reword-{message['id']}")
            )
    if sent and words.strip():
        st.session_state["edited"] = None
        return words.strip()
    return None
