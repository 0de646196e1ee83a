"""Test search: the passages retrieved for a question, with the scores of every stage."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.parts.library import document_view
from ui.parts.source import sources
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

TOP_K = 10
_STAGES = ("dense", "lexical", "fused", "rerank")
_TEXT_CHARS = 240


def box(base: wire.Base) -> None:
    """Collapsed by default; a search does not redraw the rest of the page."""
    with st.expander(t("trial.title"), icon=":material/manage_search:"):
        _search(base)


@st.fragment
def _search(base: wire.Base) -> None:
    question = st.text_input(
        t("trial.question"),
        key=f"trial-{base['id']}",
        placeholder=t("trial.question"),
        label_visibility="collapsed",
    ).strip()
    if not question:
        st.caption(t("trial.what"))
        return
    try:
        passages = state.client().search(question, [base["id"]], TOP_K)
    except ApiDown:
        st.rerun()
    except ApiError as error:
        st.error(refused(error))
        return
    st.caption(t("trial.scores") if passages else t("feedback.found_none"))
    for number, passage in enumerate(passages, 1):
        _passage(number, passage)


def _passage(number: int, passage: wire.Passage) -> None:
    with st.container(gap="xxsmall", key=f"found-{number}"):
        with st.container(horizontal=True, vertical_alignment="center", key=f"foundhead-{number}"):
            where = [f"**{number}**", plain(shortened(passage["document_name"], 40))]
            where += [plain(words)] if (words := sources.place(passage)) else []
            st.markdown(" · ".join(where))
            if st.button(
                t("document.open"),
                icon=":material/plagiarism:",
                type="tertiary",
                key=f"found-open-{number}",
                help=t("document.open"),
            ):
                document_view.open_at(passage["document_id"], passage["ordinal"])
                st.rerun()
        st.caption(_scores(passage["trace"]))
        text = " ".join(_chunk_text(passage).split())
        st.markdown(plain(text if len(text) <= _TEXT_CHARS else f"{text[:_TEXT_CHARS]}…"))


def _chunk_text(passage: wire.Passage) -> str:
    """The text of the chunk that was found, without its neighbours."""
    own = [part for part in passage.get("parts", []) if part["chunk_id"] == passage["chunk_id"]]
    if not own:
        return passage["text"]
    return passage["text"][own[0]["start"] - passage["start"] : own[-1]["end"] - passage["start"]]


def _scores(trace: wire.Scores) -> str:
    values: dict[str, float | None] = {stage: trace.get(stage) for stage in _STAGES}  # type: ignore[misc]  # the keys of Scores
    return "  ·  ".join(
        f"{t(f'details.{stage}')} {'–' if value is None else f'{value:.3f}'}"
        for stage, value in values.items()
    )
