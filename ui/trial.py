"""A trial search: what retrieval finds for a question, with the score of every stage."""

import streamlit as st

from ui import state, wire
from ui.client import ApiDown, ApiError
from ui.safe_markdown import plain, shortened
from ui.texts import refused, t

TOP_K = 10
_STAGES = ("dense", "lexical", "fused", "rerank")
_TEXT_CHARS = 160


def box(base: wire.Base) -> None:
    """Folded away until it is wanted; a search does not draw the rest of the page again."""
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
    if not passages:
        st.caption(t("feedback.found_none"))
    for number, passage in enumerate(passages, 1):
        _passage(number, passage)


def _passage(number: int, passage: wire.Passage) -> None:
    with st.container(gap="xxsmall", key=f"found-{number}"):
        place = [f"**{number}**", plain(shortened(passage["document_name"], 40))]
        if passage["page"]:
            place.append(t("source.page_short", page=passage["page"]))
        st.markdown(" · ".join(place))
        st.caption(_scores(passage["trace"]))
        st.markdown(plain(shortened(" ".join(passage["text"].split()), _TEXT_CHARS)))


def _scores(trace: wire.Scores) -> str:
    values: dict[str, float | None] = {stage: trace.get(stage) for stage in _STAGES}  # type: ignore[misc]  # keys of the literal
    return "  ·  ".join(
        f"{t(f'details.{stage}')} {'–' if value is None else f'{value:.3f}'}"
        for stage, value in values.items()
    )
