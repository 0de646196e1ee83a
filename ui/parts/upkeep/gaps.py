"""What was asked and not found, with what to do about each."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.upkeep import scope
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t


def draw(bases: dict[str, str]) -> None:
    st.caption(t("gaps.privacy" if state.person() else "gaps.what"))
    base_id, days = scope.choose(bases)
    found = state.client().operating.gaps(base_id, days)
    if not found["gaps"]:
        key = "gaps.only_hidden" if found["not_shown"] else "gaps.none"
        st.info(t(key, n=found["not_shown"]), icon=":material/task_alt:")
        return
    for gap in found["gaps"]:
        _gap(gap, bases)
    if found["not_shown"]:
        st.caption(t("gaps.not_shown", n=found["not_shown"]))


def _gap(gap: wire.Gap, bases: dict[str, str]) -> None:
    with st.container(border=True, key=f"gap-{gap['id']}"):
        st.markdown(f"**{plain(shortened(gap['question'], 300))}**")
        facts = [t("gaps.times", n=gap["times"])]
        if gap["people"] > 1:
            facts.append(t("gaps.people", n=gap["people"]))
        facts.append(t("gaps.last", when=gap["last_asked_on"]))
        facts.append(plain(" + ".join(bases.get(id_, "") for id_ in gap["base_ids"])))
        st.caption(" · ".join(facts))
        if gap["answered"]:
            st.badge(t("gaps.answered"), icon=":material/verified:", color="green")
        _actions(gap)


def _actions(gap: wire.Gap) -> None:
    key = gap["id"]
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(key=f"goto-gap-{key}", width="content"):
            to_upload = {"base": gap["base_ids"][0]}
            state.link("documents", t("gaps.add_document"), to_upload, ":material/upload_file:")
        if not gap["answered"] and st.button(
            t("gaps.write"), icon=":material/edit:", key=f"gap-write-{key}"
        ):
            state.open_dialog(
                "write_answer", id=key, question=gap["question"], base_ids=gap["base_ids"]
            )
        st.space("stretch")
        if st.button(
            t("gaps.settle"),
            icon=":material/check:",
            type="tertiary",
            help=t("gaps.settle_help"),
            key=f"gap-settle-{key}",
        ):
            _settle(key)


def _settle(gap_id: str) -> None:
    try:
        state.client().operating.settle_gap(gap_id)
    except ApiError as error:
        st.error(refused(error))
        return
    st.toast(t("gaps.settled"), icon=":material/check:")
    st.rerun()
