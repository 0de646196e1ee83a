"""Changed answers side by side: question, before, after, sources, and which is better and why."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, get_args

import streamlit as st

from ui import safe_markdown
from ui.client import wire
from ui.safe_markdown import plain, shortened
from ui.words.texts import t

_ALL = "all"
_PER_PAGE = 10
_COLOURS: dict[wire.ChangeVerdict, Literal["red", "green", "gray"]] = {
    "worse": "red",
    "better": "green",
    "other": "gray",
}
_ICONS: dict[wire.ChangeVerdict, str] = {
    "worse": ":material/trending_down:",
    "better": ":material/trending_up:",
    "other": ":material/swap_horiz:",
}


def draw(changed: Sequence[wire.SideBySide], key: str) -> None:
    """One at least. Those that got worse alone, where there are some, until somebody asks for
    more. `key` tells several lists of a page apart."""
    counts = Counter[str](each["verdict"] for each in changed)
    kinds: list[str] = [verdict for verdict in get_args(wire.ChangeVerdict) if counts[verdict]]
    chosen = kinds[0]
    if len(kinds) > 1:
        totals: dict[str, int] = {**counts, _ALL: len(changed)}
        chosen = st.segmented_control(
            t("changed.show"),
            [*kinds, _ALL],
            default="worse" if counts["worse"] else _ALL,
            required=True,
            format_func=lambda kind: t(f"changed.show_{kind}", n=totals[kind]),
            key=f"changed-show-{key}-{'-'.join(kinds)}",
        )
    shown = [each for each in changed if chosen in (_ALL, each["verdict"])]
    pages = -(-len(shown) // _PER_PAGE)
    page_key = f"changed-page-{key}-{chosen}"
    first = (int(st.session_state.get(page_key, 1)) - 1) * _PER_PAGE
    for number, each in enumerate(shown[first : first + _PER_PAGE], first):
        _answer(each, f"{key}-{number}")
    if pages > 1:
        st.pagination(pages, key=page_key)


def _answer(each: wire.SideBySide, key: str) -> None:
    verdict = each["verdict"]
    with st.container(border=True, gap="small", key=f"changed-{key}"):
        st.markdown(f"**{plain(shortened(each['question'], 300))}**")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(t(f"changed.{verdict}"), icon=_ICONS[verdict], color=_COLOURS[verdict])
            if each["reasons"]:
                reasons = " · ".join(t(f"changed.why_{reason}") for reason in each["reasons"])
                st.caption(reasons, width="content")
        if each["expected"]:
            st.caption(t("changed.expected", text=plain(each["expected"])))
        before, after = st.columns(2)
        known = bool(each["sources_before"] or each["sources_after"])
        with before:
            _side(t("changed.before"), each["before"], each["sources_before"], known=known)
        with after:
            _side(t("changed.after"), each["after"], each["sources_after"], known=known)


def _side(label: str, text: str, sources: Sequence[wire.NamedSource], *, known: bool) -> None:
    """`known`: that there are no sources says something."""
    st.markdown(f"**{label}**")
    # Its markers have no sources to lead to: a recording keeps documents, not passages.
    st.markdown(safe_markdown.answer(text, 0, "") if text.strip() else t("changed.empty"))
    if sources:
        names = [plain(each["name"]) or t("evaluation.gone") for each in sources]
        st.caption(t("changed.sources", names=t("changed.between").join(names)))
    elif known:
        st.caption(t("changed.no_sources"))
