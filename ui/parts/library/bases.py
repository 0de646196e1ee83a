"""Selects, creates, renames and deletes knowledge bases on the documents page."""

import streamlit as st

from ui import address, state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts import rename_delete
from ui.safe_markdown import plain
from ui.words.texts import t, why

SAMPLE = "示例 · Sample"  # the name of the base that the API creates on first start


def choose(bases: list[wire.Base]) -> wire.Base:
    by_id = {base["id"]: base for base in bases}
    known = st.session_state.get("base")
    address.take("base", "base", known if known in by_id else _first(bases), by_id)
    created = st.session_state.pop("show_base", None)
    if created in by_id:
        st.session_state["base"] = created
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            t("documents.base"),
            list(by_id),
            format_func=lambda key: f"{label(by_id[key])} ({by_id[key]['document_count']})",
            key="base",
        )
        if st.button(t("documents.new"), icon=":material/add:", key="new-base"):
            state.open_dialog("create_base")
        base = by_id[address.put("base", "base", "")]
        action = _menu() if state.owns(base) else None
    if action:
        state.open_dialog(f"{action}_base", id=base["id"], title=base["name"])
    return base


def _menu() -> str | None:
    """What its owners can do with a base."""
    shares = ("share", "restrict") if state.person() else ()
    return st.menu_button(
        t("action.more"),
        (*shares, "rename", "delete"),
        icon=":material/more_horiz:",
        key="base-menu",
        format_func=lambda name: t(f"action.{name}"),
    )


def label(base: wire.Base) -> str:
    """The name, and whose it is where that is somebody else: names are unique per owner only."""
    if base.get("own", True):
        return base["name"]
    return t("documents.shared_by", name=base["name"], owner=base["owner"])


def _first(bases: list[wire.Base]) -> str:
    selected = st.session_state.get("base_ids") or []
    known = [base for base in bases if base["id"] in selected]
    return (known or without_sample(bases) or bases)[0]["id"]


def without_sample(bases: list[wire.Base]) -> list[wire.Base]:
    return [base for base in bases if base["name"] != SAMPLE]


def create() -> None:
    with st.form("create-base", border=False):
        name = st.text_input(t("documents.name"), max_chars=120)
        if st.form_submit_button(t("documents.create"), type="primary") and name.strip():
            try:
                created = state.client().create_base(name.strip())
            except ApiError as error:
                st.error(_refusal(error))
                return
            st.session_state["show_base"] = created["id"]
            st.session_state["base_ids"] = [created["id"]]
            state.close_dialog()
            st.rerun()


def rename() -> None:
    rename_delete.rename(t("documents.name"), 120, state.client().rename_base, refusal=_refusal)


def delete() -> None:
    rename_delete.delete(
        lambda title: t("documents.delete_base_sure", name=plain(title)),
        state.client().delete_base,
    )


def _refusal(error: ApiError) -> str:
    return t("documents.name_taken") if error.status == 409 else why(error)
