"""The figures of a run, for who wants to look closer."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.words.texts import t

_MIME = "text/html"


def draw(base_id: str, last: wire.EvalRun, before_id: str | None) -> None:
    with st.expander(t("evaluation.figures")):
        if before_id is None:
            _alone(last["result"]["metrics"])
        else:
            _compared(_comparison(base_id, before_id, last["id"]))
        client = state.client()  # the download runs outside this session's script
        st.download_button(
            t("evaluation.report"),
            data=lambda: client.run_report(base_id, last["id"]),
            file_name=f"zhiwen-{last['id']}.html",
            mime=_MIME,
            icon=":material/download:",
            on_click="ignore",
            key="evaluation-report",
        )


def _alone(metrics: dict[str, float]) -> None:
    st.table(
        {
            t("evaluation.metric"): list(metrics),
            t("evaluation.value"): [f"{value:.3f}" for value in metrics.values()],
        }
    )


def _compared(found: wire.Comparison) -> None:
    rows = found["differences"]
    st.table(
        {
            t("evaluation.metric"): [row["metric"] for row in rows],
            t("evaluation.before"): [f"{row['before']:.3f}" for row in rows],
            t("evaluation.after"): [f"{row['after']:.3f}" for row in rows],
            t("evaluation.difference"): [f"{row['mean']:+.3f}" for row in rows],
            t("evaluation.interval"): [f"{row['low']:+.3f} … {row['high']:+.3f}" for row in rows],
        }
    )


def _comparison(base_id: str, before: str, after: str) -> wire.Comparison:
    """Cached for the session, since finished runs do not change."""
    cached: dict[tuple[str, str], wire.Comparison]
    cached = st.session_state.setdefault("comparisons", {})
    if (before, after) not in cached:
        cached[before, after] = state.client().evaluations.compare(base_id, before, after)
    return cached[before, after]
