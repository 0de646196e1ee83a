"""Trained adapters: the gate's verdict, the answers that changed, promotion and the way back."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts.changed import answers
from ui.parts.improving import canary, consent
from ui.parts.improving.consent import do
from ui.safe_markdown import plain
from ui.words.texts import t, words

_REASONS: dict[wire.ChangeVerdict, list[str]] = {
    "worse": ["further"],
    "better": ["nearer"],
    "other": [],
}
_FIGURES = ("f1", "false_refusals", "refusals")


def all_of() -> None:
    """Newest first."""
    found = state.client().improving.adapters()
    if not found:
        st.caption(t("train.no_adapter"))
        return
    canary.draw(found[0]["base_model"])
    for adapter in found:
        with st.container(border=True, key=f"adapter-{adapter['name']}"):
            _adapter(adapter)


def _adapter(adapter: wire.Adapter) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(adapter['name'])}**", width="content")
        if "champion" in adapter["aliases"]:
            st.badge(t("train.served"), icon=":material/check:", color="green")
        if "challenger" in adapter["aliases"]:
            st.badge(t("canary.badge"), icon=":material/compare_arrows:", color="blue")
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
        _changed(state.client().improving.adapter(name))


def _changed(adapter: wire.Adapter) -> None:
    """Side by side, those that got worse first."""
    changed = adapter["verdict"]["changed"] if adapter["verdict"] else []
    if not changed:
        st.caption(t("train.none_changed"))
        return
    answers.draw([_side_by_side(each) for each in changed], adapter["name"])


def _side_by_side(each: wire.ChangedAnswer) -> wire.SideBySide:
    """Both were given the same passages."""
    name, verdict = each.get("document", ""), each.get("verdict", "other")
    sources = [wire.NamedSource(id="", name=name)] if name else []
    return wire.SideBySide(
        question=each["question"],
        expected=each["target"],
        before=each["base"],
        after=each["tuned"],
        sources_before=sources,
        sources_after=sources,
        verdict=verdict,
        reasons=_REASONS[verdict],
    )


def _buttons(adapter: wire.Adapter) -> None:
    name, verdict, client = adapter["name"], adapter["verdict"], state.client().improving
    serves = "champion" in adapter["aliases"]
    if serves and st.button(t("train.rollback"), icon=":material/undo:", key=f"rollback-{name}"):
        do(lambda: client.roll_back(adapter["base_model"], "champion"), t("train.rolled_back"))
    passed = verdict is not None and verdict["passed"]
    if (
        passed
        and not serves
        and st.button(t("train.promote"), type="primary", key=f"promote-{name}")
    ):
        consent.serve(name, None)
    if not serves:
        with st.popover(t("canary.try")):
            canary.start(name, passed=passed)
    if st.button(t("train.measure"), type="tertiary", key=f"gate-{name}"):
        do(lambda: client.measure(name))
