"""The sidebar: new chat, search, conversations by day, pages, language."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import groupby

import streamlit as st

from ui import address, state
from ui.client import wire
from ui.parts import rename_delete
from ui.parts.account import menu
from ui.safe_markdown import plain, shortened
from ui.words.texts import LANGUAGES, choose_language, language, t, with_language

LIMIT = 50
LIMIT_MORE = 200


def draw(pages: Mapping[str, st.Page]) -> None:
    go = st.session_state.pop("go", None)
    if go:
        st.switch_page(pages[go], query_params=with_language(_address(go)))
    with st.sidebar:
        st.markdown(f"### {t('app.name')}")
        with st.container(key="new"):
            state.link("chat", t("sidebar.new"), {"c": ""}, ":material/edit_square:")
        _conversations()
        with st.container(gap="xxsmall", key="pages"):
            for name, page in pages.items():
                st.page_link(page, query_params=with_language(_address(name)))
            _language()
            menu.draw()


def new_on_top() -> None:
    """A new chat at the top of a phone, where the sidebar is folded away; drawn last, in no row."""
    with st.container(key="new-on-top"):
        state.link("chat", t("sidebar.new"), {"c": ""}, ":material/edit_square:")


def _address(page: str) -> dict[str, str]:
    """Query parameters that show the page as it was left."""
    if page == "chat":
        return state.chat_address()
    if page != "documents":
        return {}
    chosen = st.session_state.get("base") or next(iter(st.session_state.get("base_ids") or []), "")
    return {"base": chosen} if chosen else {}


def _language() -> None:
    now = language()
    other = next(code for code in LANGUAGES if code != now)
    st.button(
        LANGUAGES[other],
        icon=":material/translate:",
        type="tertiary",
        key="language-switch",
        on_click=choose_language,
        args=(other,),
    )


def _conversations() -> None:
    query = st.text_input(
        t("sidebar.search"),
        key="conversation-search",
        placeholder=t("sidebar.search"),
        icon=":material/search:",
        label_visibility="collapsed",
        live=True,
    )
    with st.container(key="conversations", gap="xxsmall"):
        _found(query.strip())


def _found(query: str) -> None:
    limit = LIMIT_MORE if st.session_state.get("more-conversations") else LIMIT
    found = state.client().conversations(query, limit)
    if not found["items"]:
        st.caption(t("sidebar.none_found") if query else t("sidebar.none"))
    today = datetime.now(state.time_zone()).date()
    for day, group in groupby(found["items"], key=lambda c: day_name(_day(c), today)):
        st.caption(t(f"day.{day}"))
        for conversation in group:
            _row(conversation)
    if found["total"] > len(found["items"]) and limit == LIMIT:
        st.checkbox(t("sidebar.more"), key="more-conversations")


def _day(conversation: wire.Conversation) -> date:
    updated = datetime.fromisoformat(conversation["updated_at"])
    return updated.astimezone(state.time_zone()).date()


def day_name(day: date, today: date) -> str:
    """`today`, `yesterday`, `week` (last seven days) or `earlier`."""
    if day >= today:
        return "today"
    if day == today - timedelta(days=1):
        return "yesterday"
    return "week" if day > today - timedelta(days=7) else "earlier"


def _row(conversation: wire.Conversation) -> None:
    identity = conversation["id"]
    title = conversation["title"] or t("sidebar.untitled")
    opened = state.conversation_id() == identity
    row = st.container(
        horizontal=True, gap=None, vertical_alignment="center", key=f"row-{identity}"
    )
    with row:
        label = f"**{plain(title)}**" if opened else plain(title)
        with st.container():
            state.link("chat", label, {"c": identity})
        chosen = st.menu_button(
            t("action.more"),
            ("rename", "delete"),
            icon=":material/more_horiz:",
            type="tertiary",
            key=f"menu-{identity}",
            format_func=lambda action: t(f"action.{action}"),
        )
    if chosen:
        state.open_dialog(f"{chosen}_conversation", id=identity, title=title)


def rename() -> None:
    rename_delete.rename(t("sidebar.title"), 200, state.client().rename_conversation)


def delete() -> None:
    rename_delete.delete(
        lambda title: t("sidebar.delete_sure", title=plain(shortened(title, 60))), _delete
    )


def _delete(conversation_id: str) -> None:
    state.client().delete_conversation(conversation_id)
    if state.conversation_id() == conversation_id:
        state.open_conversation(None)
        address.forget("c")
