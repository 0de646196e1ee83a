"""One finding of a check-up: the documents, the words, and one thing to do about it."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.library import document_view
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

_NAME_CHARS, _TEXT_CHARS = 60, 200
_REMOVED = ("superseded", "same_content", "near_same", "unused")  # what is done: the first goes


def draw(base_id: str, found: wire.Finding) -> None:
    with st.container(border=True, gap="xsmall", key=f"finding-{found['key']}"):
        if found["kind"] == "contradiction":
            for place in found["places"]:
                st.markdown(
                    f"{plain(shortened(place['text'], _TEXT_CHARS))}  \n"
                    f":small[{plain(shortened(place['name'], _NAME_CHARS))}]"
                )
        else:
            st.markdown(_sentence(found))
        _actions(base_id, found)


def _sentence(found: wire.Finding) -> str:
    names = [f"**{plain(shortened(place['name'], _NAME_CHARS))}**" for place in found["places"]]
    values: dict[str, object] = {"one": names[0], "other": names[-1], **found["facts"]}
    values["text"] = plain(shortened(found["places"][0]["text"], _TEXT_CHARS))
    return t(f"finding.{found['kind']}_says", **values)


def _actions(base_id: str, found: wire.Finding) -> None:
    key, first = found["key"], found["places"][0]
    with st.container(horizontal=True, vertical_alignment="center"):
        for number, place in enumerate(found["places"], 1):
            if len(found["places"]) == 1:
                label = t("finding.open")
            else:
                label = t("finding.open_which", n=number)
            if st.button(label, type="tertiary", key=f"finding-open-{key}-{number}"):
                document_view.open_at(place["document_id"], place["ordinal"])
                st.rerun()
        st.space("stretch")
        if st.button(t("finding.ignore"), type="tertiary", key=f"finding-ignore-{key}"):
            _ignore(base_id, key)
        if found["kind"] in _REMOVED and st.button(
            t(f"finding.remove_{found['kind']}"),
            icon=":material/delete:",
            key=f"finding-remove-{key}",
        ):
            state.open_dialog("delete_documents", ids=[first["document_id"]], names=[first["name"]])
            st.rerun()


def _ignore(base_id: str, key: str) -> None:
    try:
        state.client().operating.ignore_finding(base_id, key)
    except ApiError as error:
        st.error(refused(error))
        return
    st.rerun()
