"""Where somebody has signed in, and how to end that."""

import re
from collections.abc import Callable, Sequence

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

# The first that is found counts: Edge and Opera say that they are Chrome, Chrome that it is Safari.
_BROWSERS = {
    r"Edg": "Edge",
    r"OPR/": "Opera",
    r"MicroMessenger": "WeChat",
    r"Firefox/|FxiOS": "Firefox",
    r"Chrome/|CriOS": "Chrome",
    r"Safari/": "Safari",
}
_OURS = {"password", "link", "proxy"}  # other methods are the names of providers
_SYSTEMS = {
    r"iPhone|iPad": "iOS",
    r"Android": "Android",
    r"Windows": "Windows",
    r"Mac OS X": "macOS",
    r"Linux": "Linux",
}


def mine() -> None:
    sessions = state.client().people.my_sessions()
    st.caption(t("session.what"))
    draw(sessions, state.client().people.end_my_session)


def draw(sessions: Sequence[wire.LoginSession], end: Callable[[str], None]) -> None:
    """A row each; `end` takes the id."""
    if not sessions:
        st.caption(t("session.none"))
    for session in sessions:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            with st.container(gap=None):
                st.markdown(f"**{plain(device(session['user_agent']))}**")
                st.caption(facts(session))
            if session.get("current"):
                st.badge(t("session.this"), color="green")
            elif st.button(t("session.end"), key=f"end-{session['id']}"):
                try:
                    end(session["id"])
                except ApiError as error:
                    st.error(refused(error))
                    return
                st.rerun()


def facts(session: wire.LoginSession) -> str:
    method = session["method"]
    signed_in = t("session.since", when=state.local_time(session["created_at"]))
    seen = t("session.seen", when=state.local_time(session["seen_at"]))
    how = t(f"session.by_{method}") if method in _OURS else t(f"provider.{method}")
    return " · ".join([how, signed_in, seen, *filter(None, [plain(session["address"])])])


def device(user_agent: str) -> str:
    """Browser and system, as far as the browser says."""
    found = [
        next((name for pattern, name in known.items() if re.search(pattern, user_agent)), "")
        for known in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(filter(None, found)) or shortened(user_agent, 40) or t("session.unknown")
