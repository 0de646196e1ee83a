"""The status page: state of every component and engine."""

from datetime import datetime

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts import advice, engine_status
from ui.parts.account import signed_out
from ui.parts.improving import canary
from ui.safe_markdown import plain
from ui.words.texts import t, words


def page() -> None:
    st.title(t("page.status"), anchor=False)
    _status()


@st.fragment(run_every=5.0)
def _status() -> None:
    try:
        now = state.client().status()
    except ApiError as error:
        signed_out.shown_instead_of(error)  # until it is asked again
        return
    engines = now.get("engines", [])
    # The component `engine` summarises the engines, which are shown one by one.
    parts = [part for part in now["components"] if not engines or part["name"] != "engine"]
    failed = sum(not part["ok"] for part in parts) + sum(not engine["ok"] for engine in engines)
    if failed:
        st.warning(t("status.some", n=failed), icon=":material/warning:")
    else:
        st.success(t("status.all"), icon=":material/check_circle:")
    with st.container(border=True, gap="small"):
        for part in parts:
            _component(part)
    if engines:
        st.header(t("status.engines"), anchor=False)
        for engine in engines:
            engine_status.draw(engine, only=len(engines) == 1)
    held_back = now.get("held", [])
    bases = state.client().bases() if held_back else []
    editable = {base["id"] for base in bases if state.may_edit(base)}
    for held in held_back:
        name = plain(held["base_name"])
        st.warning(
            t("status.held", base=name, worse=held["worse"], changed=held["changed"]),
            icon=":material/difference:",
        )
        if held["base_id"] in editable:
            shown = {"base": held["base_id"], "view": "changes"}
            state.link("evaluation", t("status.held_look"), shown, ":material/arrow_forward:")
    for taken in now.get("taken_back", []):
        canary.taken_back(taken)
    advice.draw(now.get("advice", []))
    st.caption(t("status.foot", n=now["queued_jobs"], version=now["version"]))
    again = now.get("to_read_again", {"waiting": 0, "failed": 0})
    if again["waiting"]:
        st.caption(t("status.to_read_again", n=again["waiting"]))
    if again["failed"]:
        st.caption(t("status.not_read_again", n=again["failed"]))
    versions = now.get("versions", {})
    if versions:
        versions_text = " · ".join(
            f"{plain(name)} {plain(number)}" for name, number in versions.items()
        )
        st.caption(f"{t('status.versions')}: {versions_text}")


def _component(part: wire.Component) -> None:
    key = f"component.{part['name']}"
    name = t(key) if key in words("zh") else plain(part["name"])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{name}**", width=160)
        if part["ok"]:
            st.badge(t("status.ok"), color="green")
        else:
            st.badge(t("status.down"), color="red")
        said = [text] if (text := _detail(part)) else []
        if part["since"]:
            since = datetime.fromisoformat(part["since"]).astimezone(state.time_zone())
            said.append(t("status.since", since=since.strftime("%m-%d %H:%M")))
        st.caption(" · ".join(said), width="content")
    facts = part.get("facts", {})
    if "calibrating" in facts:
        st.caption(t("help.embedder_calibrating", percent=f"{facts['calibrating']:.0f}"))
    elif facts.get("uncalibrated"):
        st.caption(t("help.embedder_uncalibrated"))
    elif found := facts.keys() & {"calibrated", "untold"}:
        st.caption(t(f"help.embedder_{found.pop()}"))
    if not part["ok"] and (key := _help(part)) in words("zh"):
        st.caption(t(key))


def _help(part: wire.Component) -> str:
    """The key of what to do about a component that is down."""
    facts = part.get("facts", {})
    why = "_unreachable" if facts.get("unreachable") else "_failed" if facts.get("failures") else ""
    return f"help.{part['name']}{why}"


def _detail(part: wire.Component) -> str:
    """Text beside the badge: our own where we have one, since the API's details are in English."""
    name, ok, detail = part["name"], part["ok"], part["detail"]
    if not detail or name == "worker":  # its badge says it all
        return ""
    if ok and f"fine.{name}" in words("zh"):
        return t(f"fine.{name}", **part.get("facts", {}))
    if part.get("facts", {}).keys() & {"uncalibrated", "calibrated", "untold"}:
        return plain(detail.partition(" (")[0])
    # Explained below the badge, unless the reason says more.
    gives_reason = _help(part).endswith(("_failed", "_unreachable"))
    explained = not ok and not gives_reason and _help(part) in words("zh")
    return "" if explained else plain(detail)
