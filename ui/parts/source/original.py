"""A link that downloads an original file: streamed, so that the interface holds none in memory."""

import html

import streamlit as st

from ui.passed_on import FILES
from ui.words.texts import language, t


def link(document_id: str) -> None:
    address = html.escape(f"/{FILES}/{document_id}?lang={language()}")
    st.html(
        f'<a class="zw-download" href="{address}">{html.escape(t("source.download"))}</a>',
        width="content",
    )
