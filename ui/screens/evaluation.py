"""The evaluation page: a knowledge base's own questions, and how changes affect them."""

from datetime import datetime

import streamlit as st

from ui import address, state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts import unfinished_run
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t

_DOCUMENTS = 500
_CHANGES = 20
_MIME = "text/html"


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
    questions, runs, public = st.tabs(
        [t("evaluation.tab_questions"), t("evaluation.tab_runs"), t("evaluation.tab_public")]
    )
    with questions:
        _questions(base_id)
    with runs:
        _start(base_id)
        _runs(base_id)
    with public:
        _public()


# Questions


def _questions(base_id: str) -> None:
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


# Runs


def _start(base_id: str) -> None:
    with st.form("evaluation-start", border=False):
        given = st.text_area(
            t("evaluation.changes"),
            placeholder="top_k = 8\ncandidates = 100",
            help=t("evaluation.changes_help"),
            key="evaluation-changes",
            height=90,
        )
        answers = st.checkbox(t("evaluation.answers"), key="evaluation-answers")
        sent = st.form_submit_button(
            t("evaluation.run"), icon=":material/play_arrow:", type="primary"
        )
    if sent:
        try:
            state.client().start_run(base_id, changes_of(given), answers=answers)
        except ApiError as error:
            st.error(refused(error))


def changes_of(text: str) -> dict[str, str]:
    """One `name = value` per line. Lines without a value are kept, so that the API rejects them."""
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


@st.fragment(run_every=2.0)
def _runs(base_id: str) -> None:
    try:
        runs = state.client().runs(base_id)
    except ApiError:
        st.rerun()
    if not runs:
        st.caption(t("evaluation.no_runs"))
        return
    unfinished_run.draw(runs)
    done = [run for run in runs if run["state"] == "done"]
    if done:
        _result(base_id, done)


def _result(base_id: str, done: list[wire.EvalRun]) -> None:
    last = done[0]
    st.subheader(t("evaluation.last", when=_when(last)), anchor=False)
    st.caption(plain(_settings_of(last)))
    earlier = {run["id"]: run for run in done[1:]}
    if not earlier:
        metrics = last["result"]["metrics"]
        st.table(
            {
                t("evaluation.metric"): list(metrics),
                t("evaluation.value"): [f"{value:.3f}" for value in metrics.values()],
            }
        )
    else:
        before = st.selectbox(
            t("evaluation.compare"),
            list(earlier),
            format_func=lambda key: f"{_when(earlier[key])} · {_settings_of(earlier[key])}",
            key=f"evaluation-before-{last['id']}",
        )
        _comparison(_compared(base_id, str(before), last["id"]))
    client = state.client()  # the download runs outside this session's script
    st.download_button(
        t("evaluation.report"),
        data=lambda: client.run_report(base_id, last["id"]),
        file_name=f"zhiwen-{last['id']}.html",
        mime=_MIME,
        icon=":material/download:",
        on_click="ignore",
        key="evaluation-report",
    )


def _compared(base_id: str, before: str, after: str) -> wire.Comparison:
    """Cached for the session, since finished runs do not change."""
    cached: dict[tuple[str, str], wire.Comparison]
    cached = st.session_state.setdefault("comparisons", {})
    if (before, after) not in cached:
        cached[before, after] = state.client().compare_runs(base_id, before, after)
    return cached[before, after]


def _comparison(found: wire.Comparison) -> None:
    rows = found["differences"]
    st.table(
        {
            t("evaluation.metric"): [row["metric"] for row in rows],
            t("evaluation.before"): [f"{row['before']:.3f}" for row in rows],
            t("evaluation.after"): [f"{row['after']:.3f}" for row in rows],
            t("evaluation.difference"): [f"{row['mean']:+.3f}" for row in rows],
            t("evaluation.interval"): [f"{row['low']:+.3f} … {row['high']:+.3f}" for row in rows],
        }
    )
    for heading, changes in (
        (t("evaluation.worse", n=len(found["worse"])), found["worse"]),
        (t("evaluation.better", n=len(found["better"])), found["better"]),
    ):
        st.markdown(f"**{heading}**")
        for change in changes[:_CHANGES]:
            values = f"{change['before']:.2f} → {change['after']:.2f}"
            st.markdown(f"{values} · {plain(shortened(change['question'], 160))}")


def _when(run: wire.EvalRun) -> str:
    started = datetime.fromisoformat(run["started_at"]).astimezone(state.time_zone())
    return started.strftime("%Y-%m-%d %H:%M")


def _settings_of(run: wire.EvalRun) -> str:
    changed = ", ".join(f"{name} = {value}" for name, value in run["changes"].items())
    return changed or t("evaluation.unchanged")


# Public datasets


def _public() -> None:
    st.write(t("evaluation.public"))
    st.code("zhiwen eval run --all\nzhiwen eval report", language="sh")
    try:
        report = state.client().public_report()
    except ApiError as error:
        if error.status != 404:
            raise
        st.caption(t("evaluation.no_report"))
        return
    st.download_button(
        t("evaluation.report"),
        data=report,
        file_name="zhiwen-evaluation.html",
        mime=_MIME,
        icon=":material/download:",
        on_click="ignore",
        key="evaluation-public-report",
    )
