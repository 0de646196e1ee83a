"""Evaluations without a result: how far those are that wait or run, and how the last one ended."""

from collections.abc import Sequence

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.upkeep import failed_job
from ui.words.texts import refused, t, words

_UNFINISHED = ("queued", "running")


def any_of(runs: Sequence[wire.EvalRun]) -> bool:
    return any(run["state"] in _UNFINISHED for run in runs)


def draw(runs: Sequence[wire.EvalRun]) -> None:
    """`runs`: newest first, one at least."""
    for run in reversed(runs):
        if run["state"] in _UNFINISHED:
            _draw(run)
    newest = runs[0]
    if newest["state"] == "cancelled":
        st.caption(t("evaluation.cancelled"))
    if newest["state"] == "failed":
        failed_job.draw("evaluation.failed", newest.get("error_code"), newest["error"])


def _draw(run: wire.EvalRun) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"run-{run['id']}"):
        st.markdown(f":shimmer[{stage(run)}]", width="stretch")
        if st.button(
            t("evaluation.cancel"),
            icon=":material/close:",
            type="tertiary",
            key=f"run-cancel-{run['id']}",
        ):
            _cancel(run["id"])
    if run["state"] == "running" and run["total"]:
        st.progress(min(1.0, run["done"] / run["total"]))


def stage(run: wire.EvalRun) -> str:
    """In words: how many are before it, or what is being done."""
    if run["state"] == "queued":
        before = run["jobs_before"]
        return t("evaluation.queued", n=before) if before else t("evaluation.queued_next")
    name, done, total = run["stage"], run["done"], run["total"]
    key = f"evaluation.stage_{name}"
    return t(key, done=done, total=total) if key in words("zh") else t("evaluation.running")


def _cancel(run_id: str) -> None:
    try:
        state.client().cancel_job(run_id)
    except ApiError as error:  # it has just ended
        st.toast(refused(error), icon=":material/error:")
        return
    st.rerun()
