"""The evaluation page: a knowledge base's own questions, and how well they are answered."""

from collections.abc import Sequence

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from ui import address, state
from ui.client.http import ApiError
from ui.parts.changed import recorded
from ui.parts.evaluation import questions, result, start, unfinished
from ui.words.texts import t

_LOOK_S = 2.0


def page() -> None:
    st.title(t("page.evaluation"), anchor=False)
    st.write(t("evaluation.what"))
    bases = {b["id"]: b["name"] for b in state.client().bases() if state.may_edit(b)}
    if not bases:
        st.info(t("evaluation.no_base"))
        return
    address.take("evaluation-base", "base", next(iter(bases)), bases)
    st.selectbox(
        t("documents.base"),
        list(bases),
        format_func=lambda key: bases.get(key, ""),
        key="evaluation-base",
        width=320,
    )
    base_id = address.put("evaluation-base", "base", "")
    asked, runs, changed = _tabs(base_id)
    with asked:
        count = questions.draw(base_id)
    with runs:
        _runs(base_id)
        start.draw(base_id, questions=count)
        _public()
    with changed:
        recorded.tab(base_id)


def _tabs(base_id: str) -> Sequence[TabContainer]:
    """What the address asks for; else results first for who has some, and the questions to begin
    with."""
    key = f"evaluation-begun-{base_id}"
    if key not in st.session_state:
        st.session_state[key] = int(bool(state.client().runs(base_id)))
    first = 2 if st.query_params.get("view") == "changes" else st.session_state[key]
    tabs = ("evaluation.tab_questions", "evaluation.tab_runs", "evaluation.tab_changes")
    names = [t(tab) for tab in tabs]
    return st.tabs(names, default=names[first], key=f"evaluation-tabs-{base_id}-{first}")


def _runs(base_id: str) -> None:
    """Looks by itself while a run waits or runs; once none does, the page is drawn anew."""
    looks = unfinished.any_of(state.client().runs(base_id))
    st.fragment(_results, run_every=_LOOK_S if looks else None)(base_id, looks=looks)


def _results(base_id: str, *, looks: bool) -> None:
    try:
        runs = state.client().runs(base_id)
    except ApiError:
        st.rerun()
    if looks and not unfinished.any_of(runs):
        st.rerun()
    if not runs:
        return
    unfinished.draw(runs)
    done = [run for run in runs if run["state"] == "done"]
    if done:
        result.draw(base_id, done)


def _public() -> None:
    """The report on public datasets, where one was written."""
    try:
        report = state.client().public_report()
    except ApiError as error:
        if error.status != 404:
            raise
        return
    st.caption(t("evaluation.public"))
    st.download_button(
        t("evaluation.report"),
        data=report,
        file_name="zhiwen-evaluation.html",
        mime="text/html",
        icon=":material/download:",
        on_click="ignore",
        key="evaluation-public-report",
    )
