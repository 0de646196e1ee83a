"""The sidebar: new chat, search, conversations by day, pages, language.

Its conversations are fetched first, so that an API that is gone is noticed before the page is half
drawn. They are drawn after the page: each row takes the browser some 15 ms, which nobody should
have to wait for who wants to ask.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import address, state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts import rename_delete
from ui.parts.account import menu
from ui.safe_markdown import plain, shortened
from ui.words.texts import LANGUAGES, choose_language, language, refused, t, with_language

_FIRST = 15  # somewhat more than a screen shows
_MORE = 50  # with each click
_MOST_AT_ONCE = 500  # that the API gives
_SHOWN = "conversations-shown"  # how many


def draw(pages: Mapping[str, st.Page]) -> Callable[[], None]:
    """Draws all but the conversations. Returns what draws them in their place."""
    go = st.session_state.pop("go", None)
    if go:
        st.switch_page(pages[go], query_params=with_language(_address(go)))
    with st.sidebar:
        with st.container(key="app-name"):  # no heading: those belong to the page
            st.markdown(f"**{t('app.name')}**")
        with st.container(key="new"):
            state.link("chat", t("sidebar.new"), {"c": ""}, ":material/edit_square:")
        query, place = _search()
        with st.container(gap="xxsmall", key="pages"):
            for name, page in pages.items():
                st.page_link(page, query_params=with_language(_address(name)))
            _language()
            menu.draw()
    found, total = _listed(query)

    def conversations() -> None:
        with place:
            _found(found, total, searched=bool(query))

    return conversations


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


def _search() -> tuple[str, DeltaGenerator]:
    """What is searched for, and the place of what is found."""
    query = st.text_input(
        t("sidebar.search"),
        key="conversation-search",
        placeholder=t("sidebar.search"),
        icon=":material/search:",
        label_visibility="collapsed",
        live=True,
    )
    place = st.container(key="conversations", gap="xxsmall")
    place.html("<i></i>")  # an empty container would take no room until the rows come
    return query.strip(), place


def _listed(query: str) -> tuple[list[wire.Conversation], int]:
    """As many as are shown, and how many there are."""
    wanted = st.session_state.get(_SHOWN, _FIRST)
    by_id: dict[str, wire.Conversation] = {}  # one may move from page to page meanwhile
    total = offset = 0
    while offset < wanted:
        limit = min(wanted - offset, _MOST_AT_ONCE)
        found = state.client().conversations(query, limit, offset)
        by_id |= {conversation["id"]: conversation for conversation in found["items"]}
        total, offset = found["total"], offset + limit
        if offset >= total:
            break
    return list(by_id.values()), total


def _found(found: list[wire.Conversation], total: int, *, searched: bool) -> None:
    if not found:
        st.caption(t("sidebar.none_found") if searched else t("sidebar.none"))
    today = datetime.now(state.time_zone()).date()
    pinned = [c for c in found if c.get("pinned")]
    if pinned:
        st.caption(t("sidebar.pinned"))
        for conversation in pinned:
            _row(conversation)
    others = [c for c in found if not c.get("pinned")]
    for day, group in groupby(others, key=lambda c: day_name(_day(c), today)):
        st.caption(t(f"day.{day}"))
        for conversation in group:
            _row(conversation)
    if total > len(found):
        st.button(t("sidebar.more"), type="tertiary", key="more-conversations", on_click=_show_more)


def _show_more() -> None:
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, _FIRST) + _MORE


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
        pin = "unpin" if conversation.get("pinned") else "pin"
        key = f"menu-{identity}"
        st.menu_button(
            t("action.more"),
            (pin, "rename", "delete"),
            icon=":material/more_horiz:",
            type="tertiary",
            key=key,
            format_func=lambda action: t(f"action.{action}"),
            on_click=_chosen,
            args=(key, identity, title),
        )


def _chosen(key: str, conversation_id: str, title: str) -> None:
    """Before the run: a page that draws itself anew would lose what was chosen."""
    chosen = st.session_state[key]
    if chosen in ("rename", "delete"):
        state.open_dialog(f"{chosen}_conversation", id=conversation_id, title=title)
    elif chosen:
        try:
            state.client().pin_conversation(conversation_id, pinned=chosen == "pin")
        except ApiError as error:
            st.toast(refused(error), icon=":material/error:")


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
