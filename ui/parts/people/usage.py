"""What people and their programs used, day by day."""

from collections import defaultdict

import streamlit as st

from ui import state
from ui.safe_markdown import plain
from ui.words.texts import t

DAYS = (1, 7, 30, 90)


def draw() -> None:
    days = st.selectbox(
        t("usage.days"), DAYS, index=1, format_func=lambda n: t("key.days", n=n), width=160
    )
    found = state.client().people.usage(days)
    if not found:
        st.caption(t("usage.none"))
        return
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for entry in found:
        whose = sums[entry["person_name"]]
        whose[0] += entry["requests"]
        whose[1] += entry["tokens"]
    most_first = sorted(sums.items(), key=lambda item: item[1], reverse=True)
    st.table(
        {
            t("audit.person"): [plain(name) for name, _ in most_first],
            t("usage.requests"): [f"{requests:,}" for _, (requests, _) in most_first],
            t("usage.tokens"): [f"{tokens:,}" for _, (_, tokens) in most_first],
        },
        hide_index=True,
        border="horizontal",
    )
    with st.expander(t("usage.by_day")):
        st.table(
            {
                t("usage.day"): [entry["day"] for entry in found],
                t("audit.person"): [plain(entry["person_name"]) for entry in found],
                t("audit.key"): [plain(entry["key_name"]) or "–" for entry in found],
                t("usage.requests"): [f"{entry['requests']:,}" for entry in found],
                t("usage.tokens"): [f"{entry['tokens']:,}" for entry in found],
            },
            hide_index=True,
            border="horizontal",
        )
