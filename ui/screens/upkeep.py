"""The upkeep page, for those who keep knowledge bases: what is missing, what is used, what is
wrong."""

import streamlit as st

from ui import address, state
from ui.parts.upkeep import checkup, gaps, usage
from ui.words.texts import t

VIEWS = {"gaps": gaps.draw, "usage": usage.draw, "checkup": checkup.draw}
_FIRST = "gaps"


def page() -> None:
    st.title(t("page.upkeep"), anchor=False)
    st.write(t("upkeep.what"))
    bases = {b["id"]: b["name"] for b in state.client().bases() if state.may_edit(b)}
    person = state.person()
    if not bases and not (person and person["admin"]):
        st.info(t("upkeep.no_base"), icon=":material/info:")
        return
    address.take("upkeep-view", "view", _FIRST, VIEWS)
    st.segmented_control(
        t("upkeep.view"),
        list(VIEWS),
        required=True,
        format_func=lambda name: t(f"upkeep.{name}"),
        label_visibility="collapsed",
        key="upkeep-view",
    )
    VIEWS[address.put("upkeep-view", "view", _FIRST)](bases)
