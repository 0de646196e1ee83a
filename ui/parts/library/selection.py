"""Several files at once: which are picked, and what is done with them."""

from collections.abc import Sequence

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts.library import mending
from ui.words.texts import t

_ALL = "pick-all"


def key(document_id: str) -> str:
    """Of the file's checkbox."""
    return f"pick-{document_id}"


def forget(document_id: str) -> None:
    st.session_state.pop(key(document_id), None)


def bar(shown: Sequence[wire.Document]) -> None:
    """Above the list: pick all that is shown, and what can be done with what is picked."""
    picked = [document for document in shown if st.session_state.get(key(document["id"]))]
    st.session_state[_ALL] = len(picked) == len(shown)
    with st.container(horizontal=True, vertical_alignment="center", key="pick-bar"):
        st.checkbox(t("documents.pick_all"), key=_ALL, on_change=_pick, args=(shown,))
        if not picked:
            return
        st.caption(t("documents.picked", n=len(picked)), width="content")
        retried = [document for document in picked if mending.is_retried(document)]
        if retried and st.button(
            t("documents.retry_picked", n=len(retried)),
            icon=":material/refresh:",
            key="picked-retry",
        ):
            mending.retry(retried)
        if st.button(
            t("documents.move_picked", n=len(picked)),
            icon=":material/drive_file_move:",
            key="picked-move",
        ):
            moved = [document["id"] for document in picked]
            state.open_dialog("move_documents", ids=moved, base_id=picked[0]["base_id"])
            st.rerun()
        if st.button(
            t("documents.remove_picked", n=len(picked)),
            icon=":material/delete:",
            key="picked-remove",
        ):
            ids, names = zip(*((d["id"], d["name"]) for d in picked), strict=True)
            state.open_dialog("delete_documents", ids=ids, names=names)
            st.rerun()


def _pick(shown: Sequence[wire.Document]) -> None:
    for document in shown:
        st.session_state[key(document["id"])] = st.session_state[_ALL]
