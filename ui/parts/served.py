"""Shows which engine wrote an answer, why, and which ones failed."""

import streamlit as st

from ui.client import wire
from ui.parts.upkeep import failed_job
from ui.safe_markdown import plain
from ui.words.texts import t, words


def line(message: wire.Message) -> None:
    """Draws nothing if there was only one engine and it answered."""
    served = message.get("served")
    if not served or (served["reason"] == "only" and not served["tried"]):
        return
    first = served["tried"][0]["engine"] if served["tried"] else served["engine"]
    clauses = [t("served.by", engine=plain(served["engine"]))]
    for tried in served["tried"]:
        clauses.append(t(f"tried.{tried['reason']}", engine=plain(tried["engine"])))
    st.write(t("served.joiner").join(clauses) + t("served.end"))
    why = f"why.{served['reason']}"
    if why in words("zh"):
        st.caption(t("served.first", engine=plain(first), why=t(why)))
    for tried in served["tried"]:
        if tried["detail"] and failed_job.is_for_administrators():
            st.caption(f"{plain(tried['engine'])}: {plain(tried['detail'])}")
