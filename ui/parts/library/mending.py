"""What helps a failed file: reading it again, or another file in its place."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.library import uploads
from ui.safe_markdown import plain
from ui.words.texts import refused, t

# Reading the same bytes again ends the same way.
_HOPELESS = frozenset(
    {
        *("empty", "broken", "encrypted", "no_text", "encoding"),
        *("unsupported_format", "unsupported_content", "too_large"),
        *("archive_bomb", "unsafe_names", "unsafe_xml"),
    }
)
# It may, or the machine was busy.
_DOUBTFUL = frozenset({"timeout", "memory", "crashed", "worker_died"})


def is_retried(document: wire.Document) -> bool:
    return document["state"] == "failed" and document["error_code"] not in _HOPELESS


def is_replaced(document: wire.Document) -> bool:
    return document["state"] == "failed" and document["error_code"] in _HOPELESS | _DOUBTFUL


def retry(documents: Sequence[wire.Document]) -> None:
    for document in documents:
        try:
            state.client().retry_document(document["id"])
        except ApiError as error:
            st.toast(refused(error), icon=":material/error:")
    st.rerun()


def dialog() -> None:
    """Takes a file and uploads it to the failed one's path, where it is the next version."""
    opened = state.dialog()
    if opened is None:
        return
    try:
        document = state.client().document(opened["id"])
        st.markdown(f"**{plain(document['path'])}**")
        st.caption(uploads.problem(document["error_code"]))
        file = st.file_uploader(
            t("replace.choose"),
            type=[PurePosixPath(document["path"]).suffix.removeprefix(".")],
            key=f"replacement-{document['id']}",
        )
        if file is None:
            return
        _, is_new = state.client().upload(document["base_id"], file.name, file, document["path"])
    except ApiError as error:
        st.error(uploads.reason(error), icon=":material/error:")
        return
    if not is_new:
        st.warning(t("replace.same"), icon=":material/warning:")
        return
    st.toast(t("upload.accepted", n=1), icon=":material/check:")
    state.close_dialog()
    st.rerun()
