"""What people and their programs used, day by day."""

from collections import defaultdict

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts.people.accounts import called
from ui.safe_markdown import plain
from ui.words.texts import t

DAYS = (1, 7, 30, 90)


def draw() -> None:
    days = st.selectbox(
        t("usage.days"), DAYS, index=1, format_func=lambda n: t("key.days", n=n), width=160
    )
    found = state.client().people.usage(days)
    if limits := _limits(found["limits"]):
        st.caption(limits)
    if not found["items"]:
        st.caption(t("usage.none"))
        return
    names = {person["id"]: called(person) for person in state.client().people.all()}
    _sums(found["items"], names)
    with st.expander(t("usage.by_day")):
        _days(found["items"], names)


def _limits(limits: wire.Limits) -> str:
    """Those of a person; nothing where there are none."""
    parts = [
        f"{limits[unit]:,} {t(f'usage.{unit}').lower()}"
        for unit in ("requests", "tokens")
        if limits[unit]
    ]
    return t("usage.limit", limits=", ".join(parts)) if parts else ""


def _sums(items: list[wire.Usage], names: dict[str, str]) -> None:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for item in items:
        sums[item["person_id"]][0] += item["requests"]
        sums[item["person_id"]][1] += item["tokens"]
    most_first = sorted(sums.items(), key=lambda entry: entry[1], reverse=True)
    st.table(
        {
            t("audit.person"): [plain(names.get(id_, id_[:8])) for id_, _ in most_first],
            t("usage.requests"): [f"{requests:,}" for _, (requests, _) in most_first],
            t("usage.tokens"): [f"{tokens:,}" for _, (_, tokens) in most_first],
        },
        hide_index=True,
        border="horizontal",
    )


def _days(items: list[wire.Usage], names: dict[str, str]) -> None:
    st.table(
        {
            t("usage.day"): [item["day"] for item in items],
            t("audit.person"): [
                plain(names.get(item["person_id"], item["person_id"][:8])) for item in items
            ],
            t("audit.key"): [item["key_id"][:8] or "–" for item in items],
            t("usage.requests"): [f"{item['requests']:,}" for item in items],
            t("usage.tokens"): [f"{item['tokens']:,}" for item in items],
        },
        hide_index=True,
        border="horizontal",
    )
