"""The training or the gate that waits or runs: how far it is, the loss so far, and cancelling."""

from typing import Literal

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.upkeep import failed_job
from ui.words.texts import refused, t

UNFINISHED = ("queued", "running")
_CHART: tuple[Literal["step"], Literal["loss"]] = ("step", "loss")


def present() -> wire.WorkerJob | None:
    """The newest job that is not done: it runs, waits, or ended without a result."""
    found = [job for kind in ("train", "gate") for job in state.client().improving.jobs(kind)[:1]]
    unfinished = [job for job in found if job["state"] in UNFINISHED]
    failed = [job for job in found if job["state"] == "failed"]
    return next(iter([*unfinished, *failed]), None)


@st.fragment(run_every=2.0)
def running(job_id: str) -> None:
    """Looks by itself; the page is drawn anew once the job has ended."""
    job = present()
    if job is None or job["id"] != job_id or job["state"] not in UNFINISHED:
        st.rerun()
    curve = state.client().improving.curve(job_id) if job["kind"] == "train" else []
    share = min(1.0, job["done"] / job["total"]) if job["total"] else 0.0
    st.progress(share, text=_text(job, curve))
    if curve:
        st.caption(t("train.curve"))
        shown = {name: [step[name] for step in curve] for name in _CHART}
        st.line_chart(shown, x="step", y="loss", x_label="", y_label="", height=160)
    if st.button(t("train.cancel"), type="tertiary", key=f"cancel-{job_id}"):
        try:
            state.client().cancel_job(job_id)
        except ApiError as error:
            st.error(refused(error))
            return
        st.rerun()


def failed(job: wire.WorkerJob) -> None:
    failed_job.draw("train.failed", job["error_code"], job["error_detail"])


def _text(job: wire.WorkerJob, curve: list[wire.Step]) -> str:
    if job["state"] == "queued":
        return t("train.waiting")
    if job["kind"] == "gate":
        return t("train.measuring", done=job["done"], total=job["total"])
    if not curve:
        return t("train.preparing")
    step = curve[-1]
    minutes = -(-(step["seconds_left"] or 0) // 60)
    return t("train.step", done=step["step"], total=step["steps"], minutes=minutes)
