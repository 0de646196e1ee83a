"""The address of a page says what is shown, so that links, reloads and Back lead there again."""

from collections.abc import Collection

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx


def take(key: str, name: str, default: str, among: Collection[str] | None = None) -> None:
    """Gives the widget `key` what the address says under `name`, before the widget is drawn.

    Only if the address has changed without the widget, by a link or by Back. A value that isn't
    `among` those known counts as `default`.
    """
    said = st.query_params.get(name, default)
    if among is not None and said not in among:
        said = default
    if key not in st.session_state or st.session_state.get(_seen(key)) != said:
        st.session_state[key] = said
    # Set in any case: the browser knows an option by its label, which may have changed.
    value = st.session_state[key]
    st.session_state[key] = default if among is not None and value not in among else value


def put(key: str, name: str, default: str) -> str:
    """Writes the value of the drawn widget `key` to the address, unless it is the default."""
    value = str(st.session_state.get(key) or default)
    st.session_state[_seen(key)] = value
    if value == default:
        forget(name)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value
    return value


def say_again() -> None:
    """Sends the address to the browser, which keeps the old one after a link within a page.

    Not in the run that changes the page: the browser would take it for one of the page before.
    """
    st.query_params.from_dict(st.query_params.to_dict())


def was_travelled() -> bool:
    """Whether the browser's Back or Forward led here.

    Only then, and when a page is opened, does the address know more than the session: a part that
    is drawn by itself may send one that is a moment old.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def forget(name: str) -> None:
    if name in st.query_params:
        del st.query_params[name]


def _seen(key: str) -> str:
    return f"{key}-in-address"
