"""The sidebar: new chat, search, conversations by day, pages, language."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import groupby

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts import rename_delete
from ui.safe_markdown import plain, shortened
from ui.words.texts import LANGUAGES, choose_language, language, t

LIMIT = 50
LIMIT_MORE = 200


def draw(pages: Mapping[str, st.Page]) -> None:
    go = st.session_state.pop("go", None)
    if go:
        st.switch_page(pages[go])
    with st.sidebar:
        st.markdown(f"### {t('app.name')}")
        if st.button(t("sidebar.new"), icon=":material/edit_square:", width="stretch", key="new"):
            state.open_conversation(None)
            st.session_state["base_ids_of"] = None
            st.switch_page(pages["chat"])
        _conversations(pages["chat"])
        with st.container(gap="xxsmall", key="pages"):
            for name in ("chat", "documents", "review", "evaluation", "status"):
                st.page_link(pages[name])
            _language()


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


def _conversations(chat: st.Page) -> None:
    query = st.text_input(
        t("sidebar.search"),
        key="conversation-search",
        placeholder=t("sidebar.search"),
        icon=":material/search:",
        label_visibility="collapsed",
    )
    with st.container(key="conversations", gap="xxsmall"):
        _found(query.strip(), chat)


def _found(query: str, chat: st.Page) -> None:
    limit = LIMIT_MORE if st.session_state.get("more-conversations") else LIMIT
    found = state.client().conversations(query, limit)
    if not found["items"]:
        st.caption(t("sidebar.none_found") if query else t("sidebar.none"))
    today = datetime.now(state.time_zone()).date()
    for day, group in groupby(found["items"], key=lambda c: day_name(_day(c), today)):
        st.caption(t(f"day.{day}"))
        for conversation in group:
            _row(conversation, chat)
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


def _row(conversation: wire.Conversation, chat: st.Page) -> None:
    identity = conversation["id"]
    title = conversation["title"] or t("sidebar.untitled")
    opened = state.conversation_id() == identity
    row = st.container(
        horizontal=True, gap=None, vertical_alignment="center", key=f"row-{identity}"
    )
    with row:
        label = f"**{plain(title)}**" if opened else plain(title)
        if st.button(label, type="tertiary", width="stretch", key=f"open-{identity}"):
            state.open_conversation(identity)
            st.switch_page(chat)
        chosen = st.menu_button(
            "",
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
