"""Typed access to the session state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
import streamlit as st

from ui.client import wire
from ui.client.http import Client, connections
from ui.client.visitor import Visitor
from ui.client.watch import Watch, follow
from ui.words.texts import with_language


@dataclass
class Waiting:
    """Files sent with a question, which is sent when they are ready."""

    document_ids: list[str] = field(default_factory=list)
    question: str = ""
    refused: list[str] = field(default_factory=list)


@st.cache_resource
def _connections(url: str) -> httpx.Client:
    return connections(url)


def connect(url: str, visitor: Visitor) -> None:
    st.session_state["client"] = Client(_connections(url), visitor)


def client() -> Client:
    return cast(Client, st.session_state["client"])


def recognise() -> bool:
    """Asks the API who the visitor is. False where they have to sign in first.

    What the page has shown belongs to a person: if it is now another's, all of it is forgotten.
    """
    if _needs_no_login(client().url, client()):
        st.session_state["person"] = None
        return True
    session = client().people.session()
    found = session["person"]
    known = st.session_state.get("person")
    if known and (found is None or found["id"] != known["id"]):
        connected, language = client(), st.session_state.get("language")
        st.session_state.clear()
        st.session_state["client"], st.session_state["language"] = connected, language
    st.session_state["person"], st.session_state["providers"] = found, session["providers"]
    return found is not None


@st.cache_data(ttl=60.0, show_spinner=False)
def _needs_no_login(url: str, _client: Client) -> bool:
    return _client.people.session()["auth"] == "none"


def providers() -> list[wire.Provider]:
    """Who signs people in for us."""
    return cast(list[wire.Provider], st.session_state.get("providers", []))


def person() -> wire.Me | None:
    """Who has signed in; None where nobody needs to."""
    return cast(wire.Me | None, st.session_state.get("person"))


def may_edit(base: wire.Base) -> bool:
    """Upload and remove documents, judge answers."""
    return base.get("role", "owner") != "reader"


def owns(base: wire.Base) -> bool:
    """Rename, delete, share."""
    return base.get("role", "owner") == "owner"


def follow_address() -> None:
    """On the chat page the address says which conversation is open."""
    said = st.query_params.get("c") or None
    if said != conversation_id():
        open_conversation(said)
        if said is None:
            st.session_state["task"] = "qa"  # a new chat asks the documents


def conversation_id() -> str | None:
    """The open conversation, or the one that the chat page will show again."""
    return cast(str | None, st.session_state.get("conversation"))


def chat_address() -> dict[str, str]:
    """Query parameters of the chat page with the open conversation."""
    opened = conversation_id()
    return {"c": opened or ""}  # a link without parameters leads to the address it stands in


def open_conversation(conversation: str | None) -> None:
    st.session_state["conversation"] = conversation
    st.session_state["ask_error"] = None
    st.session_state["waiting"] = None
    st.session_state.pop("attached", None)
    st.session_state["edited"] = None
    close_dialog()
    st.session_state["base_ids_of"] = None  # its own bases are selected when it is drawn


def link(page: str, label: str, parameters: Mapping[str, str], icon: str = "") -> None:
    """A link of its own address, which can be copied and opened in another tab."""
    pages: dict[str, st.Page] = st.session_state["pages"]
    st.page_link(pages[page], label=label, icon=icon, query_params=with_language(parameters))


def watches() -> dict[str, Watch]:
    return cast(dict[str, Watch], st.session_state.setdefault("watches", {}))


def watch(answer_id: str) -> Watch:
    """The watch of an answer being written; a new one if the session has lost it."""
    known = watches()
    if answer_id not in known:
        known[answer_id] = follow(client(), answer_id)
    return known[answer_id]


def message(message_id: str) -> wire.Message:
    return client().message(message_id)


def open_dialog(name: str, **values: Any) -> None:
    """Opens the only dialog; it is drawn at the end of the run."""
    st.session_state["dialog"] = {"name": name, **values}


def dialog() -> dict[str, Any] | None:
    return cast(dict[str, Any] | None, st.session_state.get("dialog"))


def close_dialog() -> None:
    st.session_state["dialog"] = None


def waiting() -> Waiting | None:
    return cast(Waiting | None, st.session_state.get("waiting"))


def local_time(said: str) -> str:
    """A time of the API in the browser's time zone, to the minute."""
    return datetime.fromisoformat(said).astimezone(time_zone()).strftime("%Y-%m-%d %H:%M")


def time_zone() -> tzinfo:
    """The browser's time zone, or the machine's if that is unknown."""
    try:
        return ZoneInfo(st.context.timezone or "")
    except (ValueError, ZoneInfoNotFoundError):
        return datetime.now().astimezone().tzinfo or UTC
