"""Which base and how many days are looked at; both are in the address."""

import streamlit as st

from ui import address
from ui.words.texts import t

_DAYS = ("7", "30", "90", "365")
_USUAL = "30"


def choose(bases: dict[str, str]) -> tuple[str, int]:
    """The id of one base, or empty for all, and the number of days."""
    address.take("upkeep-base", "base", "", bases)
    address.take("upkeep-days", "days", _USUAL, _DAYS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            t("documents.base"),
            ["", *bases],
            format_func=lambda key: bases.get(key, t("review.all_bases")),
            key="upkeep-base",
            width=260,
        )
        st.selectbox(
            t("usage.days"),
            _DAYS,
            format_func=lambda days: t("upkeep.days", n=int(days)),
            key="upkeep-days",
            width=160,
        )
    base_id = address.put("upkeep-base", "base", "")
    return base_id, int(address.put("upkeep-days", "days", _USUAL))
