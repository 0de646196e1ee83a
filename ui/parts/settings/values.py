"""Days that things are kept, and limits of a day. 0 means: for ever, and no limit."""

from collections.abc import Mapping, Sequence

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.words.texts import refused, t

_KEPT = ("keep_conversations_days",)
_LIMITS = ("daily_requests", "daily_tokens", "key_daily_requests", "key_daily_tokens")
_OF_PEOPLE = ("key_daily_requests", "key_daily_tokens")


def draw(settings: list[wire.Setting], *, with_people: bool) -> None:
    """Without a login there is no key."""
    known = {each["name"]: each for each in settings}
    for group, names in (("kept", _KEPT), ("limits", _LIMITS)):
        shown = [known[name] for name in names if with_people or name not in _OF_PEOPLE]  # type: ignore[index]  # names of settings
        _group(group, shown)


def _group(group: str, settings: Sequence[wire.Setting]) -> None:
    st.header(t(f"settings.{group}"), anchor=False)
    st.caption(t(f"settings.{group}_what"))
    with st.form(f"settings-{group}", border=True):
        given = {setting["name"]: _input(setting) for setting in settings}
        free = any(not setting["fixed"] for setting in settings)
        sent = st.form_submit_button(t("action.save"), type="primary", disabled=not free)
    if sent:
        changes: dict[str, int] = {
            setting["name"]: given[setting["name"]]
            for setting in settings
            if not setting["fixed"] and given[setting["name"]] != setting["value"]
        }
        _save(changes, settings)


def _input(setting: wire.Setting) -> int:
    name = setting["name"]
    value = st.number_input(
        t(f"setting.{name}"),
        min_value=0,
        max_value=setting["most"],
        value=setting["value"],
        step=1,
        disabled=setting["fixed"],
        key=f"setting-{name}-{setting['value']}",
        width=320,
    )
    if setting["fixed"]:
        st.caption(t("settings.fixed", variable=setting["variable"]), width="content")
    return int(value)


def _save(changes: Mapping[str, int], settings: Sequence[wire.Setting]) -> None:
    before = {setting["name"]: setting["value"] for setting in settings}
    shorter = {
        name: days
        for name, days in changes.items()
        if name in _KEPT and days and (not before[name] or days < before[name])  # type: ignore[index]  # names of settings
    }
    if shorter:  # that deletes something
        state.open_dialog("delete_older", changes=dict(changes), shorter=shorter)
        st.rerun()
    if changes:
        _send(changes)


def shorten() -> None:
    """Asks before days are shortened, since what is older is deleted."""
    opened = state.dialog()
    if opened is None:
        return
    for name, days in opened["shorter"].items():
        st.write(t(f"settings.shorten_{name}", n=days))
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(t("action.cancel"), key="delete_older-cancel"):
            state.close_dialog()
            st.rerun()
        if st.button(t("settings.shorten_sure"), type="primary", key="delete_older-sure"):
            state.close_dialog()
            _send(opened["changes"])


def _send(changes: Mapping[str, int]) -> None:
    try:
        state.client().operating.change_settings(changes)
    except ApiError as error:
        st.error(refused(error))
        return
    st.toast(t("settings.saved"), icon=":material/check:")
    st.rerun()
