"""What was measured of this machine, and the command that switches to a better chat model."""

import streamlit as st

from ui.client import wire
from ui.safe_markdown import plain
from ui.words.texts import t


def draw(advice: list[wire.Advice]) -> None:
    for each in advice:
        st.caption(t(f"advice.{each['code']}", model=plain(each["model"]), **each["facts"]))
        if each["code"] != "more_able_next":
            st.code(each["command"], language=None)


def welcome(advice: list[wire.Advice]) -> None:
    """On the first screen, only what a person gains by."""
    draw([each for each in advice if each["code"] == "more_able_model"])
