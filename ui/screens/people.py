"""The people page, for administrators: accounts, groups, what was done, what was used."""

import streamlit as st

from ui.parts.people import accounts, audit, groups, usage
from ui.words.texts import t

_TABS = {
    "people.tab_accounts": accounts.draw,
    "people.tab_groups": groups.draw,
    "people.tab_audit": audit.draw,
    "people.tab_usage": usage.draw,
}


def page() -> None:
    st.title(t("page.people"), anchor=False)
    for tab, draw in zip(st.tabs([t(name) for name in _TABS]), _TABS.values(), strict=True):
        with tab:
            draw()
