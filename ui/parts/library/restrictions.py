"""The dialog that shows a document or folder to some of a base's readers only."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts.library.sharing import ICONS, name_of, subject_of, subjects, tried
from ui.safe_markdown import plain
from ui.words.texts import t

_DOCUMENTS = 500


def dialog() -> None:
    opened = state.dialog()
    if opened is None:
        return
    base_id = opened["id"]
    st.write(t("restrict.what"))
    found = state.client().sharing.restrictions(base_id)
    listed = state.client().documents(base_id, limit=_DOCUMENTS)["items"]
    paths = places([document["path"] for document in listed])
    _add(base_id, str(opened.get("path", "")), paths, found)
    if not found:
        st.caption(t("restrict.none"))
    for restriction in found:
        path = restriction["path"]
        _row(base_id, restriction, is_folder=path.endswith("/") or f"{path}/" in paths)


def _add(base_id: str, path: str, paths: list[str], found: list[wire.Restriction]) -> None:
    """`path` is the one that the dialog was opened for, if any."""
    names = subjects()
    before = next((r["members"] for r in found if r["path"] == path), [])
    with st.form("restrict", border=False):
        chosen = st.selectbox(
            t("restrict.path"),
            paths,
            index=paths.index(path) if path in paths else None,
            placeholder=t("restrict.choose"),
            accept_new_options=True,
            help=t("restrict.path_help"),
        )
        members = st.multiselect(
            t("restrict.members"),
            list(names),
            default=[s for member in before if (s := subject_of(member)) in names],
            format_func=lambda subject: names.get(subject, ""),
            placeholder=t("restrict.nobody"),
        )
        sent = st.form_submit_button(t("restrict.save"), type="primary")
    if sent and chosen:
        calls = state.client().sharing
        tried(lambda: calls.restrict(base_id, chosen, list(members)))


def places(paths: list[str]) -> list[str]:
    """Folders, with a slash at their ends, and documents."""
    folders = {
        path[: position + 1]
        for path in paths
        for position, letter in enumerate(path)
        if letter == "/"
    }
    return [*sorted(folders), *sorted(paths)]


def _row(base_id: str, restriction: wire.Restriction, *, is_folder: bool) -> None:
    key = restriction["id"]
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        with st.container(gap=None):
            icon = ":material/folder_limited:" if is_folder else ":material/lock:"
            st.markdown(f"{icon} {plain(restriction['path'])}")
            members = (f"{ICONS[m['subject_kind']]} {name_of(m)}" for m in restriction["members"])
            st.caption(" ".join(members) or t("restrict.nobody"))
        if st.button(t("restrict.lift"), key=f"lift-{key}"):
            tried(lambda: state.client().sharing.lift(base_id, key))
