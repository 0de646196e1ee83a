"""Whether it is known from which score on something counts as found."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.upkeep import failed_job
from ui.safe_markdown import plain
from ui.words.texts import refused, t


def draw(calibration: wire.Calibration) -> None:
    st.header(t("settings.calibration"), anchor=False)
    st.caption(t("settings.calibration_what"))
    if calibration["percent"] is not None:
        _running()
        return
    source, name = calibration["source"], plain(calibration["embedder"])
    st.markdown(t(f"calibration.{source}", name=name))
    if calibration["error"]:
        failed_job.draw("calibration.failed", calibration["error_code"], calibration["error"])
    if source == "nowhere" and st.button(
        t("calibration.start"), icon=":material/tune:", key="calibrate"
    ):
        try:
            state.client().operating.calibrate()
        except ApiError as error:
            st.error(refused(error))
            return
        st.rerun()


@st.fragment(run_every=2.0)
def _running() -> None:
    try:
        percent = state.client().operating.settings()["calibration"]["percent"]
    except ApiError:
        st.rerun()
    if percent is None:
        st.rerun()
    st.progress(min(1.0, percent / 100), text=t("calibration.running", percent=percent))
