"""How much the bases are asked, how often in vain, and which documents serve."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts.upkeep import scope
from ui.safe_markdown import plain, shortened
from ui.words.texts import language, t


def draw(bases: dict[str, str]) -> None:
    base_id, days = scope.choose(bases)
    found = state.client().operating.figures(base_id, days, st.context.timezone or "")
    total = found["total"]
    if not total["asked"]:
        st.info(t("figures.none"), icon=":material/info:")
        return
    if found["whole"] and state.person():
        st.caption(t("figures.whole"))
    st.markdown(_in_words(total))
    _chart(found["days"])
    if len(found["bases"]) > 1:
        _by_base(found["bases"])
    _documents(found["documents"], bases)
    st.caption(t("figures.foot"))


def _in_words(total: wire.Counts) -> str:
    said = [t("figures.asked", n=total["asked"])]
    if total["not_found"]:
        share = f"{100 * total['not_found'] / total['asked']:.0f}"
        said.append(t("figures.not_found", n=total["not_found"], percent=share))
    if total["failed"]:
        said.append(t("figures.failed", n=total["failed"]))
    if total["up"] or total["down"]:
        said.append(t("figures.rated", up=total["up"], down=total["down"]))
    return ("" if language() == "zh" else " ").join(said)


def _chart(days: list[wire.Day]) -> None:
    answered, in_vain = t("figures.col_answered"), t("figures.col_not_found")
    one_year = len({day["day"][:4] for day in days}) == 1  # the chart sorts by these words
    rows = {
        t("usage.date"): [day["day"][5 if one_year else 2 :] for day in days],
        in_vain: [day["not_found"] for day in days],
        answered: [day["asked"] - day["not_found"] for day in days],
    }
    st.bar_chart(
        rows,
        x=t("usage.date"),
        y=[answered, in_vain],
        x_label="",
        y_label=t("figures.col_asked"),
        color=["#5a8cbe", "#d9822b"],
        height=220,
    )
    with st.expander(t("figures.by_day")):
        busy = [day for day in reversed(days) if day["asked"]]
        table = {t("usage.date"): [day["day"] for day in busy]} | _columns(busy)
        st.table(table, hide_index=True, border="horizontal")


def _columns(counts: list[wire.Counts] | list[wire.Day]) -> dict[str, list[str]]:
    return {
        t("figures.col_asked"): [f"{each['asked']:,}" for each in counts],
        t("figures.col_not_found"): [f"{each['not_found']:,}" for each in counts],
        t("figures.col_up"): [f"{each['up']:,}" for each in counts],
        t("figures.col_down"): [f"{each['down']:,}" for each in counts],
    }


def _by_base(found: list[wire.BaseFigures]) -> None:
    st.header(t("figures.by_base"), anchor=False)
    names = [plain(shortened(base["name"], 60)) for base in found]
    columns = _columns([base["counts"] for base in found])
    st.table({t("documents.base"): names} | columns, hide_index=True, border="horizontal")


def _documents(found: list[wire.CitedDocument], bases: dict[str, str]) -> None:
    if not found:
        return
    st.header(t("figures.documents"), anchor=False)
    rows = {
        t("figures.col_document"): [plain(shortened(each["name"], 60)) for each in found],
        t("documents.base"): [plain(bases.get(each["base_id"], "")) for each in found],
        t("figures.col_cited"): [f"{each['answers']:,}" for each in found],
    }
    st.table(rows, hide_index=True, border="horizontal")
