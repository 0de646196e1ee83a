"""Draws the open dialog, if any. It comes last, so that the page behind it is complete."""

import streamlit as st

from ui import state
from ui.parts import answer, feedback, sidebar
from ui.parts.account import keys, profile, sessions
from ui.parts.library import bases, document_view, mending, restrictions, sharing
from ui.parts.people import accounts, groups
from ui.parts.source import drawer
from ui.screens import documents
from ui.words.texts import t

_DIALOGS = {
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
    "my_password": ("account.password", profile.password, "small"),
    "invite": ("people.invite", accounts.invite, "small"),
    "person_link": ("dialog.person_link", accounts.link, "small"),
    "person_sessions": ("people.do_sessions", accounts.person_sessions, "medium"),
    "person_remove": ("dialog.person_remove", accounts.remove, "small"),
    "group_members": ("group.do_members", groups.members, "medium"),
    "group_rename": ("dialog.group_rename", groups.rename, "small"),
    "group_delete": ("dialog.group_delete", groups.delete, "small"),
    "delete_documents": ("dialog.delete_document", documents.delete_documents, "small"),
    "replace_document": ("dialog.replace_document", mending.dialog, "small"),
}

_DRAWERS = ("source",)  # beside the conversation


def draw() -> None:
    wanted = state.dialog()
    if not wanted:
        return
    title, body, width = _DIALOGS[wanted["name"]]
    position = "right" if wanted["name"] in _DRAWERS else "center"
    decorate = st.dialog(t(title), width=width, position=position, on_dismiss=state.close_dialog)  # type: ignore[call-overload]  # width and position are among its literals
    decorate(body)()
