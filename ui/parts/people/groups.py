"""Groups and who is in them."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts import rename_delete
from ui.parts.people.accounts import called
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

ACTIONS = ("members", "rename", "delete")


def draw() -> None:
    st.caption(t("group.what"))
    with st.form("new-group", border=False, clear_on_submit=True):  # noqa: SIM117  # drawn inside
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(t("group.name"), max_chars=120)
            sent = st.form_submit_button(t("group.create"), icon=":material/group_add:")
    if sent and name.strip():
        try:
            state.client().people.create_group(name.strip())
        except ApiError as error:
            st.error(_refusal(error))
    groups = state.client().people.groups()
    if not groups:
        st.caption(t("group.none"))
    with st.container(gap=None):
        for group in groups:
            _row(group)


def _row(group: wire.GroupWithMembers) -> None:
    key = group["id"]
    names = ", ".join(called(member) for member in group["members"])
    with (
        st.container(key=f"filerow-{key}"),
        st.container(horizontal=True, vertical_alignment="center", key=f"filehead-{key}"),
    ):
        with st.container(gap=None, key=f"fileinfo-{key}"):
            st.markdown(f"**{plain(shortened(group['name'], 60))}**")
            count = t("group.count", n=len(group["members"]))
            st.caption(f"{count}: {plain(shortened(names, 160))}" if names else count)
        chosen = st.menu_button(
            t("action.more"),
            ACTIONS,
            icon=":material/more_horiz:",
            type="tertiary",
            key=f"menu-{key}",
            format_func=lambda action: t(f"group.do_{action}"),
        )
    if chosen:
        state.open_dialog(f"group_{chosen}", id=key, title=group["name"])


def members() -> None:
    opened = state.dialog()
    if opened is None:
        return
    calls = state.client().people
    group = next((group for group in calls.groups() if group["id"] == opened["id"]), None)
    if group is None:
        st.caption(t("refusal.not_found"))
        return
    people = {person["id"]: called(person) for person in calls.all()}
    before = [member["id"] for member in group["members"]]
    with st.form("members", border=False):
        chosen = st.multiselect(
            t("group.members_of", name=plain(group["name"])),
            list(people),
            default=[id_ for id_ in before if id_ in people],
            format_func=lambda id_: people.get(id_, ""),
            placeholder=t("group.choose"),
        )
        sent = st.form_submit_button(t("action.save"), type="primary")
    if not sent:
        return
    try:
        for person_id in set(chosen) - set(before):
            calls.add_member(group["id"], person_id)
        for person_id in set(before) - set(chosen):
            calls.remove_member(group["id"], person_id)
    except ApiError as error:
        st.error(refused(error))
        return
    state.close_dialog()
    st.rerun()


def rename() -> None:
    send = state.client().people.rename_group
    rename_delete.rename(t("group.name"), 120, send, refusal=_refusal)


def delete() -> None:
    rename_delete.delete(
        lambda title: t("group.delete_sure", name=plain(title)), state.client().people.delete_group
    )


def _refusal(error: ApiError) -> str:
    return t("group.name_taken") if error.status == 409 else refused(error)
