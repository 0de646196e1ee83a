"""Why long work has no result."""

import streamlit as st

from ui import state
from ui.words.texts import t, why_failed


def draw(key: str, code: str | None, detail: str | None) -> None:
    """In words, as `why` of the text `key`; administrators also get what the service said."""
    st.error(t(key, why=why_failed(code)))
    if detail and is_for_administrators():
        with st.expander(t("error.said")):
            st.code(detail, language=None, wrap_lines=True)


def is_for_administrators() -> bool:
    """Whether the person may see what the service says about itself, which is in English."""
    person = state.person()
    return person is None or person["admin"]
