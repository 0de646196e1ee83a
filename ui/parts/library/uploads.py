"""Uploads files, one request each, and waits for the files sent with a question."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.typing import UploadedFile

from ui import state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.safe_markdown import plain, shortened
from ui.words.texts import t, words

IN_PROGRESS = ("parsing", "embedding")
ACTIVE = ("queued", *IN_PROGRESS)
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of an upload: `unchanged` are documents whose bytes the base has already, `refused`
    a message for each rejected file."""

    accepted: list[wire.Document] = field(default_factory=list)
    unchanged: list[wire.Document] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def send(base_id: str, files: Sequence[UploadedFile]) -> Sent:
    """Uploads each file separately, so that a rejected one does not hold up the others."""
    sent = Sent()
    for file in files:
        try:
            document, is_new = state.client().upload(base_id, file.name, file)
            (sent.accepted if is_new else sent.unchanged).append(document)
        except ApiDown:
            raise
        except ApiError as error:
            sent.refused.append(t("upload.refused", name=plain(file.name), reason=reason(error)))
    return sent


def say(sent: Sent) -> None:
    """What a person should know about an upload that isn't in the list of files."""
    for sentence in sent.refused:
        st.error(sentence, icon=":material/error:")
    if sent.unchanged:
        names = ", ".join(plain(shortened(d["name"], 40)) for d in sent.unchanged[:_NAMED])
        more = " …" if len(sent.unchanged) > _NAMED else ""
        st.info(
            t("upload.unchanged", n=len(sent.unchanged), names=names + more),
            icon=":material/check:",
        )


def reason(error: ApiError) -> str:
    """Why a file was rejected, in the interface's language if the error code is known."""
    return problem(error.code, error.detail)


def problem(code: str | None, detail: str | None) -> str:
    key = f"problem.{code}"
    return (
        t(key, detail=plain(detail or ""))
        if key in words("zh")
        else plain(detail or t("problem.unknown"))
    )


def stage(document: wire.Document) -> str:
    """queued with 3 before it, parsing 3/12 pages, embedding 4/6 …, in words."""
    if document["state"] == "queued" and document["jobs_before"] is not None:
        before = document["jobs_before"]
        return t("state.queued_behind", n=before) if before else t("state.queued_next")
    if document["state"] in IN_PROGRESS and document["total"]:
        done, total = document["done"], document["total"]
        return t(f"state.{document['state']}_of", done=done, total=total)
    return t(f"state.{document['state']}")


def send_and_wait(base: wire.Base, files: Sequence[UploadedFile], question: str) -> None:
    sent = send(base["id"], files)
    ids = [document["id"] for document in (*sent.accepted, *sent.unchanged)]
    st.session_state["waiting"] = state.Waiting(ids, question.strip(), sent.refused)


def pending_files() -> None:
    waiting = state.waiting()
    if waiting is None:
        return
    for sentence in waiting.refused:
        st.error(sentence, icon=":material/error:")
    if waiting.document_ids:
        _pending_files()


@st.fragment(run_every=1.0)
def _pending_files() -> None:
    waiting = state.waiting()
    if waiting is None:
        return
    documents = _existing(waiting.document_ids)
    busy = any(document["state"] in ACTIVE for document in documents)
    if not busy and waiting.question:
        st.session_state["send_now"] = waiting.question
        st.session_state["waiting"] = state.Waiting([], "", waiting.refused)
        st.rerun()
    with st.container(border=True):
        for document in documents:
            name = plain(shortened(document["name"], 40))
            why = problem(document["error_code"], document["error_detail"])
            end = f" {why}" if document["state"] == "failed" else ""
            st.markdown(f"{name} · {stage(document)}{end}")
        if waiting.question:
            st.caption(t("upload.then_asked", question=plain(shortened(waiting.question, 60))))
        elif not busy:
            st.caption(t("upload.now_ask"))
        label = t("upload.ask_now") if busy and waiting.question else t("upload.close")
        if st.button(label, key="waiting-close"):
            st.session_state["send_now"] = waiting.question
            st.session_state["waiting"] = None
            st.rerun()


def _existing(document_ids: list[str]) -> list[wire.Document]:
    """The documents that still exist."""
    existing = []
    for document_id in document_ids:
        try:
            existing.append(state.client().document(document_id))
        except ApiDown:
            raise
        except ApiError:
            continue
    return existing
