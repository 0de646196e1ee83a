"""The reading report: what was found in a file and left out."""

import streamlit as st

from ui.client import wire
from ui.parts.library import uploads
from ui.safe_markdown import plain
from ui.words.texts import language, t, words

_MOST = 50
_NOT_READ_AGAIN = "not_read_again"  # its detail is a code


def reading_report(document: wire.Document) -> None:
    """Nothing where nothing was left out."""
    notices = document["notices"]
    if not notices:
        return
    with st.expander(t("notice.title", n=len(notices)), icon=":material/info:"):
        st.markdown("\n".join(f"- {_line(notice)}" for notice in notices[:_MOST]))


def _line(notice: wire.Notice) -> str:
    key = f"notice.{notice['code']}"
    said = t(key, n=notice["count"]) if key in words(language()) else plain(notice["code"])
    if notice["code"] == _NOT_READ_AGAIN:
        return f"{said}: {uploads.problem(notice['detail'])}"
    return f"{said}: {plain(notice['detail'])}" if notice["detail"] else said
