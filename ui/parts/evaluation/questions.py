"""The evaluation questions of a base."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

_DOCUMENTS = 500


def draw(base_id: str) -> int:
    """The questions with what is expected, and how to add some. Returns how many there are."""
    listed = state.client().documents(base_id, limit=_DOCUMENTS, state="ready")["items"]
    names = {document["id"]: document["name"] for document in listed}
    with st.container(horizontal=True):
        if st.button(
            t("evaluation.collect"),
            icon=":material/thumbs_up_down:",
            help=t("evaluation.collect_help"),
            key="evaluation-collect",
        ):
            st.toast(t("evaluation.collected", n=state.client().collect_questions(base_id)))
    _add(base_id, names)
    questions = state.client().questions(base_id)
    if not questions:
        st.caption(t("evaluation.none"))
    for question in questions:
        _question(question, names)
    return len(questions)


def _add(base_id: str, names: dict[str, str]) -> None:
    with st.expander(t("evaluation.add"), icon=":material/add:"):
        with st.form("evaluation-add", clear_on_submit=True, border=False):
            question = st.text_input(t("evaluation.question"), key="evaluation-question")
            documents = st.multiselect(
                t("evaluation.sources"),
                list(names),
                format_func=lambda key: names.get(key, ""),
                placeholder=t("evaluation.choose"),
                key="evaluation-sources",
            )
            place = st.text_area(
                t("evaluation.place"), help=t("evaluation.place_help"), key="evaluation-place"
            )
            answer = st.text_area(t("evaluation.answer"), key="evaluation-answer")
            sent = st.form_submit_button(t("evaluation.save"), type="primary")
        if sent:
            new = wire.NewEvalQuestion(
                question=question, document_ids=documents, source_text=place, answer=answer
            )
            try:
                state.client().add_question(base_id, new)
            except ApiError as error:
                st.error(refused(error))


def _question(question: wire.EvalQuestion, names: dict[str, str]) -> None:
    with st.container(border=True, key=f"question-{question['id']}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(shortened(question['question'], 200))}**", width="stretch")
            st.badge(t(f"evaluation.{question['origin']}"), color="gray")
            if st.button(
                t("evaluation.delete"),
                icon=":material/delete:",
                type="tertiary",
                key=f"question-delete-{question['id']}",
            ):
                state.client().delete_question(question["id"])
                st.rerun()
        gone = t("evaluation.gone")
        sources = [plain(names.get(id_, gone)) for id_ in question["document_ids"]]
        facts = [", ".join(sources), plain(shortened(question["answer"], 160))]
        st.caption(" → ".join(fact for fact in facts if fact))
