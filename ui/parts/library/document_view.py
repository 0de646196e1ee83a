"""Document dialog: versions, and the extracted text beside its chunks."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.library import uploads
from ui.parts.library.notices import reading_report
from ui.parts.source import marks, original
from ui.parts.source.sources import sections
from ui.parts.source.text import drawn
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

CHUNKS_PER_PAGE = 12
AROUND_CHARS = 1500  # of context before and after the selected chunk


def open_at(document_id: str, ordinal: int) -> None:
    """Opens the document at one of its chunks."""
    page = ordinal // CHUNKS_PER_PAGE
    st.session_state[f"chunks-of-{document_id}"] = page + 1
    st.session_state[f"chunk-of-{document_id}-{page * CHUNKS_PER_PAGE}"] = ordinal
    state.open_dialog("document", id=document_id)


def dialog() -> None:
    opened = state.dialog()
    if opened is None:
        return
    try:
        versions = state.client().versions(opened["id"])
        document = next(d for d in versions if d["id"] == opened["id"])
        _heading(opened, document, versions)
        reading_report(document)
        if not document["chunk_count"]:
            st.info(_why_empty(document))
            return
        _chunks_and_text(document)
    except ApiError as error:
        st.error(refused(error))


def _heading(
    opened: dict[str, object], document: wire.Document, versions: list[wire.Document]
) -> None:
    st.markdown(f"**{plain(document['path'])}**")
    client = state.client()  # the download runs outside this session's script
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(versions) > 1:
            _choose_version(opened, document, versions)
        st.space("stretch")
        if _is_deletable(document) and st.button(
            t("version.delete"), icon=":material/delete:", key="version-delete"
        ):
            client.delete_document(document["id"])
            opened["id"] = versions[0]["id"]
            st.rerun()
        original.link(document["id"])


def _is_deletable(document: wire.Document) -> bool:
    """By itself: the newest version is removed on the page, with all others."""
    if document["state"] != "superseded":
        return False
    return state.may_edit(state.client().base(document["base_id"]))


def _choose_version(
    opened: dict[str, object], document: wire.Document, versions: list[wire.Document]
) -> None:
    by_id = {version["id"]: version for version in versions}

    def choose() -> None:
        opened["id"] = st.session_state["document-version"]

    st.selectbox(
        t("version.choose"),
        list(by_id),
        index=list(by_id).index(document["id"]),
        format_func=lambda id_: _version_name(by_id[id_]),
        key="document-version",
        on_change=choose,
        label_visibility="collapsed",
        width=260,
    )


def _version_name(version: wire.Document) -> str:
    name = t("version.name", n=version["version"])
    return f"{name} · {version['created_at'][:10]} · {uploads.stage(version)}"


def _why_empty(document: wire.Document) -> str:
    if document["error_code"] or document["error_detail"]:
        return uploads.problem(document["error_code"])
    return t("document.not_read")


def _chunks_and_text(document: wire.Document) -> None:
    pages = -(-document["chunk_count"] // CHUNKS_PER_PAGE)
    key = f"chunks-of-{document['id']}"
    number = int(st.session_state.get(key, 1))
    offset = (min(number, pages) - 1) * CHUNKS_PER_PAGE
    chunks = state.client().chunks(document["id"], limit=CHUNKS_PER_PAGE, offset=offset)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.caption(t("document.chunks", n=document["chunk_count"]))
        names = {chunk["ordinal"]: _chunk_name(chunk) for chunk in chunks}
        chosen = st.radio(
            t("document.chunks", n=document["chunk_count"]),
            list(names),
            format_func=lambda ordinal: names[ordinal],
            key=f"chunk-of-{document['id']}-{offset}",
            label_visibility="collapsed",
        )
        if pages > 1:
            st.pagination(pages, key=key)
    with right:
        st.caption(t("document.text"))
        _text(document, next(c for c in chunks if c["ordinal"] == chosen))


def _chunk_name(chunk: wire.Chunk) -> str:
    page = t("source.page_short", page=chunk["page"]) if chunk["page"] else ""
    words = plain(shortened(" ".join(chunk["text"].split()), 22))
    return " · ".join(part for part in (str(chunk["ordinal"] + 1), page, words) if part)


def _text(document: wire.Document, chunk: wire.Chunk) -> None:
    """Shows the stored text around the chunk, with the chunk highlighted."""
    first = max(0, chunk["start"] - AROUND_CHARS)
    around = state.client().text(document["id"], first, chunk["end"] + AROUND_CHARS)
    if trail := sections(chunk["headings"]):
        st.caption(" › ".join(plain(heading) for heading in trail))
    text, start = around["text"], around["start"]
    tables = state.client().tables(document["id"], start, start + len(text))
    before = "… " if start > 0 else ""
    after = " …" if start + len(text) < around["total_chars"] else ""
    body = drawn(text, start, [(chunk["start"], chunk["end"], "passage")], tables)
    st.html(f'<div class="zw-source">{before}{body}{after}</div>')
    marks.show_source(f"{document['id']}-{chunk['ordinal']}")
