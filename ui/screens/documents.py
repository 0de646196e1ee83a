"""The documents page: the files of one knowledge base and their progress."""

from collections.abc import Sequence

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.parts import rename_delete, trial
from ui.parts.library import bases as bases_room
from ui.parts.library import listing, selection, uploads
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

_GONE = 404
_NAMED = 5


def page() -> None:
    st.title(t("page.documents"), anchor=False)
    bases = state.client().bases()
    if not bases:
        st.write(t("documents.no_base"))
        if st.button(t("documents.create"), type="primary", icon=":material/create_new_folder:"):
            state.open_dialog("create_base")
        return
    base = bases_room.choose(bases)
    if state.may_edit(base):
        _upload(base)
    if base["ready_count"]:
        trial.box(base)
    listing.draw(base)


def _upload(base: wire.Base) -> None:
    turn = st.session_state.setdefault("upload_turn", 0)
    files = st.file_uploader(
        t("upload.label"),
        accept_multiple_files=True,
        key=f"upload-{base['id']}-{turn}",
    )
    if files:
        with st.spinner(t("upload.sending", n=len(files))):
            sent = uploads.send(base["id"], files)
        st.session_state["upload_turn"] = turn + 1  # resets the uploader for the next files
        st.session_state["uploaded"] = {base["id"]: sent}
        if sent.accepted:
            st.toast(t("upload.accepted", n=len(sent.accepted)), icon=":material/check:")
        st.rerun()
    if sent := st.session_state.get("uploaded", {}).get(base["id"]):
        uploads.say(sent)


def delete_documents() -> None:
    """Of one or several; the dialog's `ids` and `names` say which."""
    opened = state.dialog()
    if opened is None:
        return
    ids, names = opened["ids"], [plain(shortened(name, 60)) for name in opened["names"]]
    if len(ids) == 1:
        question = t("documents.delete_sure", name=names[0])
    else:
        listed = "\n".join(f"- {name}" for name in (*names[:_NAMED], *("…",) * (len(ids) > _NAMED)))
        question = f"{t('documents.delete_many_sure', n=len(ids))}\n\n{listed}"
    rename_delete.confirm(question, lambda: _delete(ids), action="action.remove")


def _delete(ids: Sequence[str]) -> None:
    """One by one: a file that is refused, or gone already, does not hold up the others."""
    for document_id in ids:
        try:
            state.client().delete_document(document_id)
        except ApiDown:
            raise
        except ApiError as error:
            if error.status != _GONE:
                st.toast(refused(error), icon=":material/error:")
                continue
        selection.forget(document_id)
