"""What an open page says when the session of its visitor has ended."""

from urllib.parse import urlsplit

import streamlit as st

from ui.client.http import SignedOut
from ui.parts.account import forms
from ui.words.texts import language, t

_KEPT = ("c", "base")  # of a page's address: what is shown on it


def draw(key: str = "signed-out") -> None:
    with st.container(key=key):
        st.subheader(t("session.ended"), anchor=False)
        st.write(t("session.ended_what"))
        fields = {"next": _here(), "lang": language()}
        forms.button(
            t("session.again"), "/login", "get", key=f"{key}-again", fields=fields, first=True
        )


def shown_instead_of(error: Exception) -> bool:
    """For errors of parts that are drawn by themselves; False for errors of other kinds."""
    if not isinstance(error, SignedOut):
        return False
    draw("signed-out-here")
    return True


def _here() -> str:
    """The page that is open, to return to."""
    parts = urlsplit(st.context.url or "/")
    query = st.query_params.to_dict()
    said = "&".join(f"{name}={value}" for name, value in query.items() if name in _KEPT)
    return f"{parts.path or '/'}{'?' + said if said else ''}"
