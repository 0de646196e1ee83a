"""Which engine wrote an answer, why, and which ones failed."""

import streamlit as st

from ui.client import wire
from ui.safe_markdown import plain
from ui.words.texts import t, words


def line(message: wire.Message) -> None:
    """One sentence; nothing for answers that have no choice behind them."""
    served = message.get("served")
    if not served or (served["reason"] == "only" and not served["tried"]):
        return
    first = served["tried"][0]["engine"] if served["tried"] else served["engine"]
    said = [t("served.by", engine=plain(served["engine"]))]
    for tried in served["tried"]:
        said.append(t(f"tried.{tried['reason']}", engine=plain(tried["engine"])))
    st.write(t("served.joiner").join(said) + t("served.end"))
    why = f"why.{served['reason']}"
    if why in words("zh"):
        st.caption(t("served.first", engine=plain(first), why=t(why)))
    for tried in served["tried"]:
        if tried["detail"]:
            st.caption(f"{plain(tried['engine'])}: {plain(tried['detail'])}")
