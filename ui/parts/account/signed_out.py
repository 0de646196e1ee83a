"""What an open page says when the session of its visitor has ended, and what one of its parts says
instead of what it could not draw."""

from urllib.parse import urlsplit

import streamlit as st

from ui.client.http import ApiDown, ApiError, SignedOut
from ui.parts.account import forms
from ui.words.texts import language, refused, t

_KEPT = ("c", "base", "source", "document")  # of a page's address: what is shown on it


def draw(key: str = "signed-out") -> None:
    with st.container(key=key):
        st.header(t("session.ended"), anchor=False)
        st.write(t("session.ended_what"))
        fields = {"next": _here(), "lang": language()}
        forms.button(
            t("session.again"), "/login", "get", key=f"{key}-again", fields=fields, first=True
        )


def shown_instead_of(error: Exception) -> bool:
    """For errors of parts that are drawn by themselves; False for errors of other kinds."""
    if isinstance(error, SignedOut):
        draw("signed-out-here")
    elif isinstance(error, ApiDown):
        st.error(t("down.title"), icon=":material/cloud_off:")
    elif isinstance(error, ApiError):
        st.error(refused(error), icon=":material/error:")
    else:
        return False
    return True


def _here() -> str:
    """The page that is open, to return to."""
    parts = urlsplit(st.context.url or "/")
    query = st.query_params.to_dict()
    said = "&".join(f"{name}={value}" for name, value in query.items() if name in _KEPT)
    return f"{parts.path or '/'}{'?' + said if said else ''}"
