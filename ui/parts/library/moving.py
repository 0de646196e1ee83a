"""Files for another knowledge base: moved there, or kept in both."""

from collections.abc import Sequence

import streamlit as st

from ui import state
from ui.client.http import ApiError
from ui.parts.library import bases as bases_room
from ui.parts.library import selection
from ui.safe_markdown import shortened
from ui.words.texts import refused, t


def move() -> None:
    _dialog(keep=False)


def keep() -> None:
    _dialog(keep=True)


def _dialog(*, keep: bool) -> None:
    opened = state.dialog()
    if opened is None:
        return
    name = "keep" if keep else "move"
    others = [b for b in state.client().bases() if state.may_edit(b)]
    names = {b["id"]: bases_room.label(b) for b in others if b["id"] != opened["base_id"]}
    if not names:
        st.write(t("move.nowhere"))
        return
    st.write(t("keep.what" if keep else "move.what", n=len(opened["ids"])))
    with st.form(f"{name}-form", border=False):
        chosen = st.selectbox(
            t("move.to"), list(names), format_func=lambda id_: shortened(names[id_], 60)
        )
        sure = st.form_submit_button(t(f"action.{name}"), type="primary")
    if sure and chosen:
        _send(opened["ids"], chosen, keep=keep)
        state.close_dialog()
        st.rerun()


def _send(ids: Sequence[str], base_id: str, *, keep: bool) -> None:
    """One by one: a file that is refused does not hold up the others."""
    sent = 0
    for document_id in ids:
        try:
            state.client().move_document(document_id, base_id, keep=keep)
        except ApiError as error:
            st.toast(refused(error), icon=":material/error:")
            continue
        sent += 1
        selection.forget(document_id)
    if sent:
        st.toast(t("move.done", n=sent), icon=":material/check:")
