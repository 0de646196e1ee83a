"""The dialogs that rename and delete what the open dialog is about."""

from collections.abc import Callable

import streamlit as st

from ui import state
from ui.client.http import ApiError
from ui.words.texts import refused, t


def rename(
    label: str,
    max_chars: int,
    send: Callable[[str, str], None],
    *,
    refusal: Callable[[ApiError], str] = refused,
) -> None:
    """`send` takes id and new name; `refusal` says why the API refused it."""
    opened = state.dialog()
    if opened is None:
        return
    with st.form(f"{opened['name']}-form", border=False):
        name = st.text_input(label, value=opened["title"], max_chars=max_chars)
        if st.form_submit_button(t("action.save"), type="primary") and name.strip():
            try:
                send(opened["id"], name.strip())
            except ApiError as error:
                st.error(refusal(error))
                return
            state.close_dialog()
            st.rerun()


def delete(
    question: Callable[[str], str], send: Callable[[str], None], *, action: str = "action.delete"
) -> None:
    """`question` asks, given the title, whether the user is sure; `send` takes the id."""
    opened = state.dialog()
    if opened is None:
        return
    confirm(question(opened["title"]), lambda: send(opened["id"]), action=action)


def confirm(question: str, act: Callable[[], None], *, action: str = "action.delete") -> None:
    """Asks before something is lost."""
    st.write(question)
    do_or_cancel(act, action=action)


def do_or_cancel(act: Callable[[], None], *, action: str) -> None:
    """A red button that does what can't be undone, and the way out beside it."""
    opened = state.dialog()
    if opened is None:
        return
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(t("action.cancel"), key=f"{opened['name']}-cancel"):
            state.close_dialog()
            st.rerun()
        sure = st.button(t(action), type="primary", key=f"{opened['name']}-sure")
    if sure:
        try:
            act()
        except ApiError as error:
            st.error(refused(error))
            return
        state.close_dialog()
        st.rerun()
