"""Starting a run: as things are now, or with one thing tried differently."""

import streamlit as st

from ui import state
from ui.client.http import ApiError
from ui.words.texts import refused, t

# Settings by preset; those that change how files are cut have the files read again, beside.
PRESETS: dict[str, dict[str, str]] = {
    "now": {},
    "more_passages": {"top_k": "10"},
    "wider_search": {"candidates": "200"},
    "by_sentence": {"reranker": "sentences"},
    "longer_chunks": {"chunk_tokens": "240"},
}


def draw(base_id: str, *, questions: int) -> None:
    """Nothing can be measured without questions."""
    if not questions:
        st.info(t("evaluation.first_questions"), icon=":material/info:")
        return
    with st.form("evaluation-start", border=True):
        preset = st.radio(
            t("evaluation.try"),
            list(PRESETS),
            format_func=lambda name: t(f"evaluation.preset_{name}"),
            captions=[t(f"evaluation.preset_{name}_what") for name in PRESETS],
            key="evaluation-preset",
        )
        answers = st.checkbox(t("evaluation.answers"), key="evaluation-answers")
        sent = st.form_submit_button(
            t("evaluation.run", n=questions), icon=":material/play_arrow:", type="primary"
        )
    if sent:
        try:
            state.client().start_run(base_id, PRESETS[str(preset)], answers=answers)
        except ApiError as error:
            st.error(refused(error))
            return
        st.rerun()


def named(changes: dict[str, str]) -> str:
    """The preset of a run, or its settings where it has none."""
    name = next((name for name, of in PRESETS.items() if of == changes), "")
    if name:
        return t(f"evaluation.preset_{name}")
    return ", ".join(f"{setting} = {value}" for setting, value in changes.items())
