"""The list of a base's files: filter, order, progress, pages."""

import streamlit as st

from ui import address, state
from ui.client import wire
from ui.client.http import ApiDown
from ui.parts.library import row, selection, uploads
from ui.safe_markdown import plain, shortened
from ui.words.texts import t

PER_PAGE = 20
STATES = ("all", "ready", "failed", "queued", "parsing", "embedding")
ORDERS = ("newest", "oldest", "name", "largest")


def _in_progress(base: wire.Base) -> int:
    return base["document_count"] - base["ready_count"] - base["failed_count"]


def draw(base: wire.Base) -> None:
    if not base["document_count"]:
        with st.container(border=True):
            st.markdown(t("documents.empty" if state.may_edit(base) else "documents.empty_reader"))
        return
    address.take("document-filter", "q", "")
    address.take("document-state", "state", STATES[0], STATES)
    address.take("document-sort", "sort", ORDERS[0], ORDERS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            t("documents.filter"),
            key="document-filter",
            icon=":material/search:",
            placeholder=t("documents.filter"),
            label_visibility="collapsed",
            live=True,
        )
        st.selectbox(
            t("documents.state"),
            STATES,
            format_func=lambda name: t(f"state.{name}"),
            key="document-state",
            label_visibility="collapsed",
            width=140,
        )
        st.selectbox(
            t("documents.sort"),
            ORDERS,
            format_func=lambda name: t(f"sort.{name}"),
            key="document-sort",
            label_visibility="collapsed",
            width=140,
        )
    address.put("document-filter", "q", "")
    address.put("document-state", "state", STATES[0])
    address.put("document-sort", "sort", ORDERS[0])
    if base["failed_count"]:
        st.button(
            t("documents.some_failed", n=base["failed_count"]),
            icon=":material/error:",
            type="tertiary",
            key="show-failed",
            on_click=_show_failed,
        )
    if _in_progress(base):
        _live_table(base["id"])
    else:
        st.session_state.pop(f"batch-{base['id']}", None)
        _table(base)


def _show_failed() -> None:
    st.session_state["document-state"], st.session_state["document-filter"] = "failed", ""


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
    order = st.session_state.get("document-sort", "")
    page_key = f"page-{base_id}-{wanted}-{order}-{query}"  # another filter begins with page 1
    number = int(st.session_state.get(page_key, 1))
    offset = (number - 1) * PER_PAGE
    try:
        found = state.client().documents(
            base_id,
            limit=PER_PAGE,
            offset=offset,
            q=query,
            state=wanted,
            sort=order,
        )
    except ApiDown:
        st.rerun()
    if not found["items"] and offset:
        st.session_state.pop(page_key)
        st.rerun()
    if not found["items"]:
        st.caption(t("documents.none_found"))
    elif state.may_edit(base):
        selection.bar(found["items"])
    with st.container(gap=None):
        for document in found["items"]:
            row.draw(document, base)
    pages = -(-found["total"] // PER_PAGE)
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.pagination(pages, key=page_key)
            st.caption(t("documents.total", n=found["total"]), width="content")
