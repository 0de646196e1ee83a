"""Files attached to a conversation: sent with a question, which waits until they are ready; shown
above the input; kept for a day unless a knowledge base takes them."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st
from streamlit.typing import UploadedFile

from ui import state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.parts.library import uploads
from ui.safe_markdown import plain, shortened
from ui.words.texts import t, why

_MOST = 20


def base_id(conversation: wire.ConversationDetail | None) -> str | None:
    """The base of the attached files, also before the first question about them."""
    key = conversation["id"] if conversation else ""
    of, attached = st.session_state.get("attached", ("", None))
    if attached and of == key:
        return str(attached)
    return conversation.get("attached_id") if conversation else None


def asked(base_ids: Sequence[str]) -> None:
    """From now on the conversation knows them, if they were asked."""
    _, attached = st.session_state.get("attached", ("", None))
    if attached in base_ids:
        forget()


def forget() -> None:
    st.session_state.pop("attached", None)


def send_and_wait(
    conversation: wire.ConversationDetail | None, files: Sequence[UploadedFile], question: str
) -> None:
    """Uploads the files; the question is asked once they are ready."""
    attached = base_id(conversation)
    try:
        attached = attached or state.client().create_attached()["id"]
    except ApiDown:
        raise
    except ApiError as error:
        st.session_state["ask_error"] = {"detail": why(error), "question": question.strip()}
        return
    st.session_state["attached"] = (conversation["id"] if conversation else "", attached)
    sent = uploads.send(attached, files)
    ids = [document["id"] for document in (*sent.accepted, *sent.unchanged)]
    if not ids and question.strip():
        st.session_state["ask_error"] = {"detail": t("upload.none"), "question": question.strip()}
    st.session_state["waiting"] = state.Waiting(ids, question.strip(), sent.refused)


def draw(conversation: wire.ConversationDetail | None) -> None:
    """The files with how long they stay, and what can be done with them."""
    attached = base_id(conversation)
    waiting = state.waiting()
    if attached is None or (waiting and waiting.document_ids):
        return
    try:
        base = state.client().base(attached)
        documents = state.client().documents(attached, limit=_MOST)["items"]
    except ApiDown:
        raise
    except ApiError:  # the day is over
        forget()
        return
    if not documents:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="attached"):
        for document in documents:
            _file(document)
        until = datetime.fromisoformat(base.get("expires_at") or "")
        local = until.astimezone(state.time_zone())
        st.caption(t("attached.until", until=f"{local:%Y-%m-%d %H:%M}"), width="content")
        if st.button(t("attached.keep"), type="tertiary", key="attached-keep"):
            ids = [document["id"] for document in documents]
            state.open_dialog("keep_documents", ids=ids, base_id=attached)
            st.rerun()


def _file(document: wire.Document) -> None:
    name = plain(shortened(document["name"], 40))
    row = st.container(
        horizontal=True,
        vertical_alignment="center",
        gap=None,
        width="content",
        key=f"attachedfile-{document['id']}",
    )
    with row:
        st.markdown(f":material/attach_file: {_said(document)}", width="content")
        removed = t("attached.remove", name=name)
        key = f"detach-{document['id']}"
        if st.button(removed, icon=":material/close:", type="tertiary", key=key, help=removed):
            state.client().delete_document(document["id"])
            st.rerun()


def _said(document: wire.Document) -> str:
    """The file's name, and what keeps it from being used."""
    name = plain(shortened(document["name"], 40))
    if document["state"] == "ready":
        return name
    said = f"{name} · {uploads.stage(document)}"
    if document["state"] != "failed":
        return said
    return f"{said} · {uploads.problem(document['error_code'])}"


def pending() -> None:
    """Those that a question waits for."""
    waiting = state.waiting()
    if waiting is None:
        return
    for sentence in waiting.refused:
        st.error(sentence, icon=":material/error:")
    if waiting.document_ids:
        _pending()


@st.fragment(run_every=1.0)
def _pending() -> None:
    waiting = state.waiting()
    if waiting is None:
        return
    documents = _existing(waiting.document_ids)
    busy = any(document["state"] in uploads.ACTIVE for document in documents)
    failed = any(document["state"] == "failed" for document in documents)
    if waiting.question and not busy and not failed:
        st.session_state["send_now"] = waiting.question
        st.session_state["waiting"] = state.Waiting([], "", waiting.refused)
        st.rerun()
    with st.container(border=True):
        for document in documents:
            st.markdown(_said(document))
        if said := _then(waiting.question, busy=busy, failed=failed):
            st.caption(said)
        with st.container(horizontal=True):
            _buttons(waiting.question, busy=busy)


def _then(question: str, *, busy: bool, failed: bool) -> str:
    asked = plain(shortened(question, 60))
    if busy:
        return t("upload.then_asked", question=asked) if question else ""
    if question:
        return t("upload.not_asked", question=asked)
    return "" if failed else t("upload.now_ask")


def _buttons(question: str, *, busy: bool) -> None:
    """A question is not asked without a file that it may be about, unless the person says so."""
    label = "upload.ask_now" if busy else "upload.ask_anyway"
    if st.button(t(label if question else "upload.close"), key="waiting-close"):
        st.session_state["send_now"] = question
        st.session_state["waiting"] = None
        st.rerun()
    if question and not busy and st.button(t("action.cancel"), key="waiting-cancel"):
        st.session_state["question"] = question  # back into the box
        st.session_state["waiting"] = None
        st.rerun()


def _existing(document_ids: list[str]) -> list[wire.Document]:
    """The documents that still exist."""
    existing = []
    for document_id in document_ids:
        try:
            existing.append(state.client().document(document_id))
        except ApiDown:
            raise
        except ApiError:
            continue
    return existing
