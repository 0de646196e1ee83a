"""Uploads files, one request each, and says how far they are."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.typing import UploadedFile

from ui import state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.safe_markdown import plain, shortened
from ui.words.texts import t, why_failed, words

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
    """Why a file was rejected, in the interface's language."""
    return problem(error.code)


def problem(code: str | None) -> str:
    """Why a file could not be read; of a request, the same code may need other words."""
    key = f"problem.{code}"
    return t(key) if key in words("zh") else why_failed(code)


def stage(document: wire.Document) -> str:
    """queued with 3 before it, parsing 3/12 pages, embedding 4/6 …, in words."""
    if document["state"] == "queued" and document["jobs_before"] is not None:
        before = document["jobs_before"]
        return t("state.queued_behind", n=before) if before else t("state.queued_next")
    if document["state"] in IN_PROGRESS and document["total"]:
        done, total = document["done"], document["total"]
        return t(f"state.{document['state']}_of", done=done, total=total)
    return t(f"state.{document['state']}")
