"""Trained adapters: the gate's verdict, the answers that changed, promotion and the way back."""

from collections.abc import Callable

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.safe_markdown import plain
from ui.words.texts import refused, t, words

_FIGURES = ("f1", "false_refusals", "refusals")


def all_of() -> None:
    """Newest first."""
    found = state.client().adapters()
    if not found:
        st.caption(t("train.no_adapter"))
    for adapter in found:
        with st.container(border=True, key=f"adapter-{adapter['name']}"):
            _adapter(adapter)


def _adapter(adapter: wire.Adapter) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(adapter['name'])}**", width="content")
        if "champion" in adapter["aliases"]:
            st.badge(t("train.served"), icon=":material/check:", color="green")
    st.caption(t("train.lineage", dataset=adapter["dataset_name"], model=adapter["base_model"]))
    verdict = adapter["verdict"]
    if verdict is None:
        st.write(t("train.not_measured"))
    else:
        _verdict(adapter["name"], verdict)
    with st.container(horizontal=True):
        _buttons(adapter)


def _verdict(name: str, verdict: wire.GateVerdict) -> None:
    if verdict["passed"]:
        st.success(t("train.passed"), icon=":material/verified:")
    else:
        known = words("zh")
        lines = [
            t(f"gate.{reason['code']}") if f"gate.{reason['code']}" in known else reason["text"]
            for reason in verdict["reasons"]
        ]
        st.warning("  \n".join((t("train.not_passed"), *lines)), icon=":material/block:")
    rows = [(key, verdict["figures"][key]) for key in _FIGURES if key in verdict["figures"]]
    if rows:
        st.table(
            {
                t("train.figure"): [t(f"figure.{key}") for key, _ in rows],
                t("train.before"): [f"{each['base']:.2f}" for _, each in rows],
                t("train.after"): [f"{each['tuned']:.2f}" for _, each in rows],
                t("train.interval"): [f"{e['low']:+.2f} … {e['high']:+.2f}" for _, e in rows],
            }
        )
    if st.toggle(t("train.changed"), key=f"changed-{name}"):
        _changed(state.client().adapter(name))


def _changed(adapter: wire.Adapter) -> None:
    """Side by side, those that got worse first."""
    changed = adapter["verdict"]["changed"] if adapter["verdict"] else []
    if not changed:
        st.caption(t("train.none_changed"))
    for each in changed:
        st.markdown(f"**{plain(each['question'])}** · {plain(each['target'])}")
        before, after = st.columns(2)
        before.markdown(plain(each["base"]))
        after.markdown(plain(each["tuned"]))


def _buttons(adapter: wire.Adapter) -> None:
    name, verdict, client = adapter["name"], adapter["verdict"], state.client()
    serves = "champion" in adapter["aliases"]
    if serves and st.button(t("train.rollback"), icon=":material/undo:", key=f"rollback-{name}"):
        _do(lambda: client.roll_back(adapter["base_model"]), t("train.rolled_back"))
    passed = verdict is not None and verdict["passed"]
    if (
        passed
        and not serves
        and st.button(t("train.promote"), type="primary", key=f"promote-{name}")
    ):
        _do(lambda: client.promote(name), t("train.promoted"))
    if st.button(t("train.measure"), type="tertiary", key=f"gate-{name}"):
        _do(lambda: client.measure_adapter(name))


def _do(work: Callable[[], None], said: str = "") -> None:
    """Say that it is done, or why not."""
    try:
        work()
    except ApiError as error:
        st.error(refused(error))
        return
    if said:
        st.toast(said, icon=":material/check:")
    st.rerun()
