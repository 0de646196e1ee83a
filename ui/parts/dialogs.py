"""Draws the open dialog, if any. It comes last, so that the page behind it is complete.

A document and a source are in the address, too, so that they can be linked.
"""

import re
from functools import wraps

import streamlit as st

from ui import address, state
from ui.parts import answer, approved, feedback, sidebar
from ui.parts.account import identities, keys, profile, sessions
from ui.parts.improving import consent
from ui.parts.library import bases, document_view, mending, moving, restrictions, sharing
from ui.parts.people import accounts, groups
from ui.parts.settings import values
from ui.parts.source import drawer
from ui.screens import documents
from ui.words.texts import t

DIALOGS = {
    "source": ("dialog.source", drawer.dialog, 680),
    "feedback": ("dialog.feedback", feedback.dialog, "medium"),
    "details": ("dialog.details", answer.details, "medium"),
    "rename_conversation": ("dialog.rename_conversation", sidebar.rename, "small"),
    "delete_conversation": ("dialog.delete_conversation", sidebar.delete, "small"),
    "create_base": ("dialog.create_base", bases.create, "small"),
    "rename_base": ("dialog.rename_base", bases.rename, "small"),
    "delete_base": ("dialog.delete_base", bases.delete, "small"),
    "document": ("dialog.document", document_view.dialog, "large"),
    "share_base": ("dialog.share_base", sharing.dialog, "medium"),
    "restrict_base": ("dialog.restrict_base", restrictions.dialog, "medium"),
    "my_profile": ("account.profile", profile.profile, "small"),
    "my_sessions": ("account.sessions", sessions.mine, "medium"),
    "my_keys": ("account.keys", keys.dialog, "medium"),
    "my_identities": ("account.identities", identities.mine, "small"),
    "my_password": ("account.password", profile.password, "small"),
    "invite": ("people.invite", accounts.invite, "small"),
    "person_link": ("dialog.person_link", accounts.link, "small"),
    "person_sessions": ("people.do_sessions", accounts.person_sessions, "medium"),
    "person_identities": ("people.do_identities", identities.of_person, "medium"),
    "person_remove": ("dialog.person_remove", accounts.remove, "small"),
    "group_members": ("group.do_members", groups.members, "medium"),
    "group_rename": ("dialog.group_rename", groups.rename, "small"),
    "group_delete": ("dialog.group_delete", groups.delete, "small"),
    "delete_documents": ("dialog.delete_document", documents.delete_documents, "small"),
    "move_documents": ("dialog.move_documents", moving.move, "small"),
    "keep_documents": ("dialog.keep_documents", moving.keep, "small"),
    "delete_older": ("dialog.delete_older", values.shorten, "small"),
    "write_answer": ("dialog.write_answer", approved.write, "medium"),
    "consent": ("consent.title", consent.dialog, "small"),
    "replace_document": ("dialog.replace_document", mending.dialog, "small"),
}

_DRAWERS = ("source",)  # beside the conversation
_ID = "[0-9a-zA-Z-]+"


def follow_address() -> None:
    """Opens what the address of a page names. Nothing else stays open there."""
    said = st.query_params.to_dict()
    source = re.fullmatch(rf"({_ID})-(\d{{1,4}})", said.get("source", ""))
    if source:
        state.open_dialog("source", message_id=source[1], number=int(source[2]))
    elif re.fullmatch(_ID, said.get("document", "")):
        state.open_dialog("document", id=said["document"])
    else:
        state.close_dialog()


def draw() -> None:
    wanted = state.dialog()
    tell_address()
    if not wanted:
        return
    title, body, width = DIALOGS[wanted["name"]]
    position = "right" if wanted["name"] in _DRAWERS else "center"

    @wraps(body)
    def dialog() -> None:
        tell_address()  # another source or version may be shown now
        body()

    decorate = st.dialog(t(title), width=width, position=position, on_dismiss=state.close_dialog)  # type: ignore[call-overload]  # width and position are among its literals
    decorate(dialog)()


def tell_address() -> None:
    """Writes what is open to the address: the browser's may be a moment old."""
    for name in ("source", "document"):
        shown = _in_address(name)
        if not shown:
            address.forget(name)
        elif st.query_params.get(name) != shown:
            st.query_params[name] = shown


def _in_address(name: str) -> str:
    opened = state.dialog()
    if not opened or opened["name"] != name:
        return ""
    return opened["id"] if name == "document" else f"{opened['message_id']}-{opened['number']}"
