"""The tab that leads from ratings to a better model: what the ratings are enough for, a data set,
a training, its verdict."""

from datetime import datetime

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.improving import adapters, jobs
from ui.safe_markdown import plain
from ui.words.texts import refused, t, words

METHODS = ("sft", "dpo", "kto")
_ENOUGH = 200  # rows to train on
_SOME = 50
_SHOWN = 3  # data sets


def tab(base_id: str) -> None:
    st.write(t("train.what"))
    _build(base_id)
    found = state.client().improving.datasets()
    if found:
        rung = _rung(found[0])
        st.info(t(f"train.rung_{rung}", n=found[0]["rows"]["train"]))
    job = jobs.present()
    busy = job is not None and job["state"] in jobs.UNFINISHED
    for each in found[:_SHOWN]:
        with st.container(border=True, key=f"dataset-{each['name']}"):
            _dataset(each, busy=busy)
    if job is not None and busy:
        jobs.running(job["id"])
    elif job is not None:
        jobs.failed(job)
    adapters.all_of()


def _rung(found: wire.DataSet) -> str:
    rows = found["rows"]["train"]
    return "enough" if rows >= _ENOUGH else "some" if rows >= _SOME else "few"


def _build(base_id: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.selectbox(
            t("train.method"),
            METHODS,
            format_func=lambda name: t(f"method.{name}"),
            key="train-method",
            width=320,
        )
        if not st.button(t("train.build"), icon=":material/dataset:", key="train-build"):
            return
    try:
        made = state.client().improving.build(str(method), [base_id] if base_id else [])
    except ApiError as error:
        st.error(refused(error))
        return
    st.toast(t("train.built", name=made["name"]), icon=":material/check:")


def _dataset(found: wire.DataSet, *, busy: bool) -> None:
    made = datetime.fromisoformat(found["created_at"]).astimezone(state.time_zone())
    st.markdown(f"**{plain(found['name'])}** · {made:%Y-%m-%d %H:%M}")
    rows, documents = found["rows"], found["documents"]
    st.write(t("train.rows", train=rows["train"], held_out=rows["held_out"]))
    st.caption(t("train.documents", train=documents["train"], held_out=documents["held_out"]))
    if found["left_out"]:
        with st.expander(t("train.left_out", n=sum(found["left_out"].values()))):
            _left_out(found["left_out"])
    if st.button(t("train.start"), type="primary", disabled=busy, key=f"train-{found['name']}"):
        try:
            state.client().improving.train(found["name"])
        except ApiError as error:
            st.error(refused(error))
            return
        st.rerun()


def _left_out(counts: dict[str, int]) -> None:
    known = words("zh")
    rows = [
        (t(f"left_out.{why}") if f"left_out.{why}" in known else why, count)
        for why, count in sorted(counts.items())
    ]
    st.table({t("export.why"): [r[0] for r in rows], t("export.count"): [r[1] for r in rows]})
