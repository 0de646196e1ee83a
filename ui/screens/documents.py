"""The documents page: the files of one knowledge base and their progress."""

import streamlit as st

from ui import address, state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.parts import rename_delete, trial
from ui.parts.library import bases as bases_room
from ui.parts.library import uploads
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

PER_PAGE = 20
STATES = ("all", "ready", "failed", "queued", "parsing", "embedding")
_COLORS = {"ready": "green", "failed": "red", "queued": "gray"}


def page() -> None:
    st.title(t("page.documents"), anchor=False)
    bases = state.client().bases()
    if not bases:
        st.write(t("documents.no_base"))
        if st.button(t("documents.create"), type="primary", icon=":material/create_new_folder:"):
            state.open_dialog("create_base")
        return
    base = bases_room.choose(bases)
    if state.may_edit(base):
        _upload(base)
    if base["ready_count"]:
        trial.box(base)
    _listing(base)


def _upload(base: wire.Base) -> None:
    turn = st.session_state.setdefault("upload_turn", 0)
    files = st.file_uploader(
        t("upload.label"),
        accept_multiple_files=True,
        key=f"upload-{base['id']}-{turn}",
    )
    if files:
        with st.spinner(t("upload.sending", n=len(files))):
            accepted, refused = uploads.send(base["id"], files)
        st.session_state["upload_turn"] = turn + 1  # resets the uploader for the next files
        st.session_state["upload_refused"] = {base["id"]: refused}
        if accepted:
            st.toast(t("upload.accepted", n=len(accepted)), icon=":material/check:")
        st.rerun()
    for sentence in st.session_state.get("upload_refused", {}).get(base["id"], []):
        st.error(sentence, icon=":material/error:")


def _in_progress(base: wire.Base) -> int:
    return base["document_count"] - base["ready_count"] - base["failed_count"]


def _listing(base: wire.Base) -> None:
    if not base["document_count"]:
        with st.container(border=True):
            st.markdown(t("documents.empty" if state.may_edit(base) else "documents.empty_reader"))
        return
    address.take("document-filter", "q", "")
    address.take("document-state", "state", STATES[0], STATES)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            t("documents.filter"),
            key="document-filter",
            icon=":material/search:",
            placeholder=t("documents.filter"),
            label_visibility="collapsed",
        )
        st.selectbox(
            t("documents.state"),
            STATES,
            format_func=lambda name: t(f"state.{name}"),
            key="document-state",
            label_visibility="collapsed",
            width=140,
        )
    address.put("document-filter", "q", "")
    address.put("document-state", "state", STATES[0])
    if base["failed_count"]:
        st.button(
            t("documents.some_failed", n=base["failed_count"]),
            icon=":material/error:",
            type="tertiary",
            key="show-failed",
            on_click=_show_failed,
            args=(base["id"],),
        )
    if _in_progress(base):
        _live_table(base["id"])
    else:
        st.session_state.pop(f"batch-{base['id']}", None)
        _table(base)


def _show_failed(base_id: str) -> None:
    st.session_state["document-state"], st.session_state["document-filter"] = "failed", ""
    st.session_state[f"page-{base_id}"] = 1


@st.fragment(run_every=1.0)
def _live_table(base_id: str) -> None:
    """The table while files are being processed; polling stops when none is."""
    base = next((b for b in state.client().bases() if b["id"] == base_id), None)
    if base is None or not _in_progress(base):
        st.rerun()
    left = _in_progress(base)
    batch = max(left, st.session_state.get(f"batch-{base_id}", 0))
    st.session_state[f"batch-{base_id}"] = batch
    st.caption(t("documents.progress", n=left, ready=base["ready_count"]))
    st.progress(1 - left / batch)
    for document in _processing(base_id):
        st.caption(f"{plain(shortened(document['path'], 60))} · {uploads.stage(document)}")
    _rows(base)


def _processing(base_id: str) -> list[wire.Document]:
    """Documents being processed now; in the list they may be on a later page."""
    lists = (state.client().documents(base_id, limit=4, state=each) for each in uploads.IN_PROGRESS)
    return [document for found in lists for document in found["items"]]


@st.fragment
def _table(base: wire.Base) -> None:
    _rows(base)


def _rows(base: wire.Base) -> None:
    base_id = base["id"]
    query = st.session_state.get("document-filter", "").strip()
    wanted = st.session_state.get("document-state", "all")
    wanted = "" if wanted == "all" else wanted
    number = int(st.session_state.get(f"page-{base_id}", 1))
    offset = (number - 1) * PER_PAGE
    try:
        found = state.client().documents(
            base_id, limit=PER_PAGE, offset=offset, q=query, state=wanted
        )
    except ApiDown:
        st.rerun()
    if not found["items"] and offset:
        st.session_state.pop(f"page-{base_id}")
        st.rerun()
    if not found["items"]:
        st.caption(t("documents.none_found"))
    with st.container(gap=None):
        for document in found["items"]:
            _row(document, base)
    pages = -(-found["total"] // PER_PAGE)
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.pagination(pages, key=f"page-{base_id}")
            st.caption(t("documents.total", n=found["total"]), width="content")


def _row(document: wire.Document, base: wire.Base) -> None:
    key, failed, may_edit = document["id"], document["state"] == "failed", state.may_edit(base)
    with st.container(gap="xxsmall", key=f"filerow-{key}"):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key=f"filehead-{key}"
        ):
            with st.container(gap=None):
                st.markdown(plain(shortened(document["path"], 60)))
                st.caption(_facts(document))
            color = _COLORS.get(document["state"], "blue")
            st.badge(uploads.stage(document), color=color)  # type: ignore[arg-type]  # a valid colour
            if failed and may_edit and st.button(t("action.retry"), key=f"retry-{key}"):
                _retry(key)
            if document["state"] == "ready" and _clicked("document.summarise", "summarize", key):
                _summarise(document)
            if _clicked("document.open", "plagiarism", key):
                state.open_dialog("document", id=key, may_edit=may_edit)
                st.rerun()
            if state.person() and state.owns(base) and _clicked("action.restrict", "lock", key):
                state.open_dialog("restrict_base", id=base["id"], path=document["path"])
                st.rerun()
            if may_edit and _clicked("action.remove", "delete", key):
                state.open_dialog("delete_document", id=key, title=document["name"])
                st.rerun()
        if document["state"] in uploads.ACTIVE and document["total"]:
            st.progress(min(1.0, document["done"] / document["total"]))
        if failed:
            st.caption(uploads.problem(document["error_code"], document["error_detail"]))


def _clicked(words_key: str, icon: str, document_id: str) -> bool:
    """Draws a button of an icon alone."""
    said = t(words_key)
    key = f"{words_key.partition('.')[2]}-{document_id}"
    return st.button(said, icon=f":material/{icon}:", type="tertiary", key=key, help=said)


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


def _retry(document_id: str) -> None:
    try:
        state.client().retry_document(document_id)
    except ApiError as error:
        st.toast(refused(error), icon=":material/error:")
        return
    st.rerun()


def _facts(document: wire.Document) -> str:
    facts = [size(document["size_bytes"])]
    if document["version"] > 1:
        facts.append(t("version.name", n=document["version"]))
    if document["page_count"]:
        facts.append(t("documents.pages", n=document["page_count"]))
    if document["chunk_count"]:
        facts.append(t("documents.chunks", n=document["chunk_count"]))
    return " · ".join(facts)


def size(count: int) -> str:
    """Formats a number of bytes."""
    value = float(count)
    for unit in ("B", "KB", "MB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GB"


def delete_document() -> None:
    rename_delete.delete(
        lambda title: t("documents.delete_sure", name=plain(title)),
        state.client().delete_document,
        action="action.remove",
    )
