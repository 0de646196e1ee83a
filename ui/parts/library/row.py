"""One file in the list, with what can be done with it."""

from datetime import datetime

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts.library import mending, selection, uploads
from ui.safe_markdown import plain, shortened
from ui.words.texts import t

_COLORS = {"ready": "green", "failed": "red", "queued": "gray"}


def draw(document: wire.Document, base: wire.Base) -> None:
    key, may_edit = document["id"], state.may_edit(base)
    with st.container(gap="xxsmall", key=f"filerow-{key}"):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key=f"filehead-{key}"
        ):
            if may_edit:
                st.checkbox(
                    t("documents.pick", name=plain(document["name"])),
                    key=selection.key(document["id"]),
                    label_visibility="collapsed",
                )
            with st.container(gap=None, key=f"fileinfo-{key}"):
                st.markdown(plain(shortened(document["path"], 60)))
                st.caption(_facts(document))
            color = _COLORS.get(document["state"], "blue")
            st.badge(uploads.stage(document), color=color)  # type: ignore[arg-type]  # a valid colour
            if document["state"] == "ready" and _clicked("document.summarise", "summarize", key):
                _summarise(document)
            if _clicked("document.open", "plagiarism", key):
                state.open_dialog("document", id=key)
                st.rerun()
            if state.person() and state.owns(base) and _clicked("action.restrict", "lock", key):
                state.open_dialog("restrict_base", id=base["id"], path=document["path"])
                st.rerun()
            if may_edit and _clicked("action.remove", "delete", key):
                state.open_dialog("delete_documents", ids=[key], names=[document["name"]])
                st.rerun()
        if document["state"] in uploads.ACTIVE and document["total"]:
            st.progress(min(1.0, document["done"] / document["total"]))
        if document["state"] == "failed":
            _failure(document, may_edit=may_edit)


def _clicked(words_key: str, icon: str, document_id: str) -> bool:
    """Draws a button of an icon alone."""
    said = t(words_key)
    key = f"{words_key.partition('.')[2]}-{document_id}"
    return st.button(said, icon=f":material/{icon}:", type="tertiary", key=key, help=said)


def _failure(document: wire.Document, *, may_edit: bool) -> None:
    """Why the file couldn't be read, and what helps."""
    key = document["id"]
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"filefailure-{key}"
    ):
        st.caption(uploads.problem(document["error_code"]))
        if not may_edit:
            return
        if mending.is_replaced(document) and st.button(
            t("action.replace"), icon=":material/upload_file:", key=f"replace-{key}"
        ):
            state.open_dialog("replace_document", id=key)
            st.rerun()
        if mending.is_retried(document) and st.button(
            t("action.retry"), icon=":material/refresh:", key=f"retry-{key}"
        ):
            mending.retry([document])


def _summarise(document: wire.Document) -> None:
    """Starts a summary in a new conversation on the chat page."""
    name = document["name"]
    state.open_conversation(None)
    st.session_state["base_ids"] = [document["base_id"]]
    st.session_state["send_now"] = {
        "question": t("document.summarise_question", name=name),
        "base_ids": [document["base_id"]],
        "task": "summarise",
        "document_id": document["id"],
    }
    st.session_state["go"] = "chat"
    st.rerun(scope="app")


def _facts(document: wire.Document) -> str:
    facts = [size(document["size_bytes"])]
    if document["version"] > 1:
        facts.append(t("version.name", n=document["version"]))
    if document["page_count"]:
        facts.append(t("documents.pages", n=document["page_count"]))
    if document["chunk_count"]:
        facts.append(t("documents.chunks", n=document["chunk_count"]))
    facts.append(_added(datetime.fromisoformat(document["created_at"])))
    return " · ".join(facts)


def _added(at: datetime) -> str:
    """When it was uploaded: the time of today, else the day."""
    here = at.astimezone(state.time_zone())
    if here.date() == datetime.now(state.time_zone()).date():
        return t("documents.added_today", time=f"{here:%H:%M}")
    return t("documents.added", day=here.date().isoformat())


def size(count: int) -> str:
    """Formats a number of bytes."""
    value = float(count)
    for unit in ("B", "KB", "MB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GB"
