"""Serves an adapter, and asks first where not everyone may read what it was trained on."""

from collections.abc import Callable

import streamlit as st

from ui import state
from ui.client.http import ApiError
from ui.safe_markdown import plain
from ui.words.texts import refused, t

_CLOSED = "closed_bases"


def do(work: Callable[[], None], said: str = "") -> None:
    """Say that it is done, or why not."""
    try:
        work()
    except ApiError as error:
        st.error(refused(error))
        return
    if said:
        st.toast(said, icon=":material/check:")
    st.rerun()


def serve(name: str, share: int | None, *, consents: bool = False) -> None:
    """All questions, or a share of the conversations in percent, 0 in the shadow."""
    client = state.client().improving
    try:
        if share is None:
            client.promote(name, for_everyone=consents)
        else:
            client.try_out(name, share, for_everyone=consents)
    except ApiError as error:
        if error.code == _CLOSED:
            bases = [plain(name) for name in error.facts["bases"]]
            if others := error.facts["others"]:
                bases.append(t("consent.others", n=others))
            state.open_dialog("consent", adapter=name, share=share, bases=bases)
            st.rerun()
        st.error(refused(error))
        return
    state.close_dialog()
    st.toast(t("train.promoted" if share is None else "canary.started"), icon=":material/check:")
    st.rerun()


def dialog() -> None:
    """Whether everyone may hear from bases that not everyone may read."""
    wanted = state.dialog()
    if wanted is None:
        return
    st.write(t("consent.what", bases=", ".join(wanted["bases"])))
    if st.button(t("consent.yes"), type="primary", key="consent-yes"):
        serve(wanted["adapter"], wanted["share"], consents=True)
