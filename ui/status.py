"""The status page: what works, what does not, and since when."""

from datetime import datetime

import streamlit as st

from ui import state, wire
from ui.client import ApiError
from ui.safe_markdown import plain
from ui.texts import t, words


def page() -> None:
    st.title(t("page.status"), anchor=False)
    _status()


@st.fragment(run_every=5.0)
def _status() -> None:
    try:
        now = state.client().status()
        models = state.client().models()
    except ApiError:
        st.rerun()
    failed = [part for part in now["components"] if not part["ok"]]
    if failed:
        st.warning(t("status.some", n=len(failed)), icon=":material/warning:")
    else:
        st.success(t("status.all"), icon=":material/check_circle:")
    with st.container(border=True, gap="small"):
        for part in now["components"]:
            _component(part)
    st.subheader(t("status.models"), anchor=False)
    if not models:
        st.caption(t("status.no_models"))
    for model in models:
        ready = t("status.ready") if model["ready"] else t("status.not_ready")
        tokens = t("status.context", n=f"{model['context_tokens']:,}")
        st.markdown(f"**{plain(model['name'])}** · {tokens} · {ready}")
    st.caption(t("status.foot", n=now["queued_jobs"], version=now["version"]))


def _component(part: wire.Component) -> None:
    key = f"component.{part['name']}"
    name = t(key) if key in words("zh") else plain(part["name"])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{name}**", width=140)
        if part["ok"]:
            st.badge(t("status.ok"), color="green")
        else:
            st.badge(t("status.down"), color="red")
        explained = f"help.{part['name']}" in words("zh")
        # In English only: "busy" of the worker, and what the help below says better.
        told = part["detail"] and part["name"] != "worker" and (part["ok"] or not explained)
        said = [plain(part["detail"])] if told else []
        if part["since"]:
            since = datetime.fromisoformat(part["since"]).astimezone(state.time_zone())
            said.append(t("status.since", since=since.strftime("%m-%d %H:%M")))
        st.caption(" · ".join(said), width="content")
    if not part["ok"] and explained:
        st.caption(t(f"help.{part['name']}"))
