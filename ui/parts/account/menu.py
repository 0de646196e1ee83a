"""Who has signed in, at the bottom of the sidebar; what they can do about it."""

import streamlit as st

from ui import state
from ui.parts.account import forms
from ui.safe_markdown import plain, shortened
from ui.words.texts import t

ACTIONS = ("profile", "sessions", "keys", "password")
IDENTITIES = "identities"  # where there is a provider


def draw() -> None:
    """Nothing where nobody needs to sign in."""
    person = state.person()
    if person is None:
        return
    name = person["display_name"] or person["name"]
    with st.container(
        horizontal=True, vertical_alignment="center", gap="xxsmall", key="account-menu"
    ):
        chosen = st.menu_button(
            plain(shortened(name, 18)),
            (*ACTIONS, IDENTITIES) if state.providers() else ACTIONS,
            icon=":material/account_circle:",
            type="tertiary",
            key="account",
            format_func=lambda action: t(f"account.{action}"),
        )
        st.space("stretch")
        forms.button(t("account.sign_out"), "/logout", "post", key="sign-out")
    if chosen:
        state.open_dialog(f"my_{chosen}")
