"""All accounts: invite, disable, reset, make an administrator, remove."""

from collections.abc import Callable

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts import rename_delete
from ui.parts.account import sessions
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

_COLORS = {"active": "green", "invited": "orange", "disabled": "gray"}


def draw() -> None:
    people = state.client().people.all()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            t("people.filter"),
            key="people-filter",
            icon=":material/search:",
            placeholder=t("people.filter"),
            label_visibility="collapsed",
        )
        if st.button(t("people.invite"), icon=":material/person_add:", type="primary"):
            state.open_dialog("invite")
    shown = [person for person in people if _fits(person, wanted.strip().lower())]
    if not shown:
        st.caption(t("people.none_found"))
    with st.container(gap=None):
        for person in shown:
            _row(person)


def _fits(person: wire.Person, wanted: str) -> bool:
    said = f"{person['name']} {person['display_name']} {person['email']}"
    return wanted in said.lower()


def called(person: wire.Person | wire.Named) -> str:
    """Name and, where there is another, the one to be read."""
    shown, name = person["display_name"], person["name"]
    return f"{shown} ({name})" if shown and shown != name else name


def _row(person: wire.Person) -> None:
    key = person["id"]
    with (
        st.container(key=f"filerow-{key}"),
        st.container(horizontal=True, vertical_alignment="center", key=f"filehead-{key}"),
    ):
        with st.container(gap=None, key=f"fileinfo-{key}"):
            st.markdown(plain(shortened(called(person), 60)))
            st.caption(_facts(person))
        if person["admin"]:
            st.badge(t("people.admin"), color="blue")
        color = _COLORS[person["state"]]
        st.badge(t(f"people.{person['state']}"), color=color)  # type: ignore[arg-type]  # a valid colour
        chosen = st.menu_button(
            t("action.more"),
            _actions(person),
            icon=":material/more_horiz:",
            type="tertiary",
            key=f"menu-{key}",
            format_func=lambda action: t(f"people.do_{action}"),
        )
    if chosen:
        _do(chosen, person)


def _facts(person: wire.Person) -> str:
    seen = person["seen_at"]
    last = t("session.seen", when=state.local_time(seen)) if seen else t("people.never_seen")
    return " · ".join(filter(None, [plain(person["email"]), last]))


def _actions(person: wire.Person) -> tuple[str, ...]:
    if person["state"] == "disabled":
        return ("enable", "remove")
    ways = ("identities",) if state.providers() else ()
    me = state.person()
    if me and me["id"] == person["id"]:
        return ("sessions", *ways)
    rank = "take_admin" if person["admin"] else "make_admin"
    link = "invite_again" if person["state"] == "invited" else "reset"
    return (link, "sessions", *ways, rank, "disable", "remove")


def _do(action: str, person: wire.Person) -> None:
    calls = state.client().people
    changes: dict[str, dict[str, object]] = {
        "make_admin": {"admin": True},
        "take_admin": {"admin": False},
        "disable": {"state": "disabled"},
        "enable": {"state": "active"},
    }
    try:
        if action in changes:
            calls.change(person["id"], **changes[action])
            st.rerun()
        if action in {"reset", "invite_again"}:
            link, title = calls.new_link(person["id"]), person["name"]
            state.open_dialog("person_link", link=link, title=title, state=person["state"])
        else:
            state.open_dialog(f"person_{action}", id=person["id"], title=called(person))
    except ApiError as error:
        st.toast(refused(error), icon=":material/error:")


# Dialogs


def invite() -> None:
    with st.form("invite", border=False):
        name = st.text_input(t("people.name"), max_chars=120, help=t("people.name_help"))
        shown = st.text_input(t("people.display_name"), max_chars=120)
        email = st.text_input(t("people.email"), max_chars=254)
        admin = st.checkbox(t("people.as_admin"))
        sent = st.form_submit_button(t("people.invite"), type="primary")
    if not (sent and name.strip()):
        return
    try:
        invited = state.client().people.invite(
            name.strip(), shown.strip(), email.strip(), admin=admin
        )
    except ApiError as error:
        st.error(t("people.name_taken") if error.status == 409 else refused(error))
        return
    title = invited["person"]["name"]
    state.open_dialog("person_link", link=invited["link"], title=title, state="invited")
    st.rerun()


def link() -> None:
    opened = state.dialog()
    if opened is None:
        return
    invited = opened["state"] == "invited"
    key = "people.link_invite" if invited else "people.link_reset"
    st.write(t(key, name=plain(opened["title"])))
    st.code(opened["link"], language=None, wrap_lines=True)
    st.caption(t("people.link_what", n=7 if invited else 1))


def person_sessions() -> None:
    opened = state.dialog()
    if opened is None:
        return
    calls, person_id = state.client().people, opened["id"]
    st.write(t("people.sessions_of", name=plain(opened["title"])))
    found = calls.sessions(person_id)
    for session in found:
        with st.container(border=True, gap=None):
            st.markdown(f"**{plain(sessions.device(session['user_agent']))}**")
            st.caption(sessions.facts(session))
    if not found:
        st.caption(t("session.none"))
    elif st.button(t("people.end_sessions"), type="primary"):
        _done(lambda: calls.end_sessions(person_id))


def remove() -> None:
    opened = state.dialog()
    if opened is None:
        return
    calls, person_id = state.client().people, opened["id"]
    others = {p["id"]: called(p) for p in calls.all() if p["id"] != person_id}
    me = state.person()
    st.write(t("people.remove_sure", name=plain(opened["title"])))
    conversations = st.radio(
        t("people.conversations"),
        ("delete", "anonymise"),
        format_func=lambda choice: t(f"people.conversations_{choice}"),
    )
    heir = st.selectbox(
        t("people.bases_to"),
        list(others),
        index=list(others).index(me["id"]) if me and me["id"] in others else 0,
        format_func=lambda id_: others.get(id_, ""),
    )
    rename_delete.do_or_cancel(
        lambda: calls.remove(person_id, conversations, heir), action="people.do_remove"
    )


def _done(call: Callable[[], None]) -> None:
    """Closes the dialog after the call, or says why it was refused."""
    try:
        call()
    except ApiError as error:
        st.error(refused(error))
        return
    state.close_dialog()
    st.rerun()
