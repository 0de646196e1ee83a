"""The dialog that shares a base with people, groups or everyone."""

from collections.abc import Callable

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.people.accounts import called
from ui.safe_markdown import plain
from ui.words.texts import refused, t

ROLES: tuple[wire.Role, ...] = ("reader", "editor", "owner")
Subject = tuple[wire.SubjectKind, str]  # kind and id
EVERYONE: Subject = ("everyone", "")
ICONS = {
    "person": ":material/person:",
    "group": ":material/group:",
    "everyone": ":material/public:",
}


def dialog() -> None:
    opened = state.dialog()
    if opened is None:
        return
    base_id = opened["id"]
    st.write(t("share.what", name=plain(opened["title"])))
    grants = state.client().sharing.grants(base_id)
    _add(base_id, {subject_of(grant) for grant in grants})
    if not grants:
        st.caption(t("share.private"))
    for grant in grants:
        _row(base_id, grant)
    st.caption(t("share.roles"))


def subject_of(named: wire.Subject) -> Subject:
    return named["subject_kind"], named["subject_id"] or ""


def subjects() -> dict[Subject, str]:
    """With whom something can be shared, by name."""
    found = state.client().people.directory()
    groups: dict[Subject, str] = {
        ("group", group["id"]): t("share.group", name=group["name"]) for group in found["groups"]
    }
    people: dict[Subject, str] = {
        ("person", person["id"]): called(person) for person in found["people"]
    }
    return {**groups, **people}


def name_of(subject: wire.Subject) -> str:
    if subject["subject_kind"] == "everyone":
        return t("share.everyone")
    return plain(subject["name"])


def _add(base_id: str, present: set[Subject]) -> None:
    person = state.person()
    names: dict[Subject, str] = {EVERYONE: t("share.everyone"), **subjects()}
    me = ("person", person["id"] if person else "")
    left = [subject for subject in names if subject not in present and subject != me]
    with st.form("share", border=False):  # noqa: SIM117  # drawn inside
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox(
                t("share.with"),
                left,
                index=None,
                format_func=lambda subject: names.get(subject, ""),
                placeholder=t("share.choose"),
            )
            role = st.selectbox(
                t("share.as"), ROLES, format_func=lambda name: t(f"role.{name}"), width=130
            )
            sent = st.form_submit_button(t("share.add"), type="primary")
    if sent and chosen is not None:
        kind, subject_id = chosen
        tried(lambda: state.client().sharing.grant(base_id, kind, subject_id, role))


def _row(base_id: str, grant: wire.Grant) -> None:
    kind, subject_id = subject_of(grant)
    key = f"{kind}-{subject_id}"
    calls = state.client().sharing
    with st.container(horizontal=True, vertical_alignment="center", key=f"grant-{key}"):
        st.markdown(f"{ICONS[kind]} {name_of(grant)}", width="stretch")
        role = st.selectbox(
            t("share.as"),
            ROLES,
            index=ROLES.index(grant["role"]),
            format_func=lambda name: t(f"role.{name}"),
            key=f"role-{key}-{grant['role']}",
            label_visibility="collapsed",
            width=130,
        )
        if role != grant["role"]:
            tried(lambda: calls.grant(base_id, kind, subject_id, role))
        if st.button(
            t("share.withdraw"),
            icon=":material/close:",
            type="tertiary",
            key=f"remove-{key}",
            help=t("share.withdraw"),
        ):
            tried(lambda: calls.withdraw(base_id, kind, subject_id))


def tried(call: Callable[[], None]) -> None:
    """Draws the dialog anew after the call, or says why it was refused."""
    try:
        call()
    except ApiError as error:
        st.error(refused(error))
        return
    st.rerun()
