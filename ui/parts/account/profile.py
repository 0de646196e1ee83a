"""Dialogs about the visitor: how others see them, and their password."""

import json
from collections.abc import Callable

import streamlit as st

from ui import state
from ui.client.http import ApiError
from ui.words.texts import refused, t


def profile() -> None:
    client = state.client()
    person = client.people.me()
    with st.form("profile", border=False):
        st.text_input(t("people.name"), person["name"], disabled=True)
        shown = st.text_input(t("people.display_name"), person["display_name"], max_chars=120)
        email = st.text_input(t("people.email"), person["email"], max_chars=254)
        sent = st.form_submit_button(t("action.save"), type="primary")
    if sent and _tried(lambda: client.people.rename(shown.strip(), email.strip())):
        state.close_dialog()
        st.rerun()
    st.download_button(
        t("account.export"),
        data=lambda: json.dumps(client.people.export(), ensure_ascii=False, indent=2),
        file_name=f"zhiwen-{person['name']}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        help=t("account.export_what"),
        key="account-export",
    )


def password() -> None:
    with st.form("password", border=False):
        old = st.text_input(
            t("account.old_password"), type="password", autocomplete="current-password"
        )
        new = st.text_input(t("login.new_password"), type="password", autocomplete="new-password")
        again = st.text_input(t("login.again"), type="password", autocomplete="new-password")
        st.caption(t("login.password_hint"))
        sent = st.form_submit_button(t("account.change_password"), type="primary")
    if not sent:
        return
    if new != again:
        st.error(t("login.not_the_same"))
    elif _tried(lambda: state.client().people.change_password(old, new)):
        st.toast(t("account.password_changed"), icon=":material/check:")
        state.close_dialog()
        st.rerun()


def _tried(call: Callable[[], None]) -> bool:
    try:
        call()
    except ApiError as error:
        st.error(refused(error))
        return False
    return True
