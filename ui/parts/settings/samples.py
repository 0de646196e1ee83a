"""The sample base: loaded to try things out, and removed again."""

import streamlit as st

from ui import state
from ui.client.http import ApiError
from ui.parts.library.bases import SAMPLE
from ui.words.texts import refused, t


def draw() -> None:
    st.header(t("settings.samples"), anchor=False)
    st.caption(t("settings.samples_what"))
    bases = [base for base in state.client().bases() if base["name"] == SAMPLE]
    own = next((base for base in bases if base.get("own", True)), None)
    if own is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(t("settings.samples_here"), color="green")
            if st.button(
                t("settings.samples_remove"), icon=":material/delete:", key="samples-gone"
            ):
                state.open_dialog("delete_base", id=own["id"], title=own["name"])
                st.rerun()
    elif st.button(t("settings.samples_load"), icon=":material/download:", key="samples-load"):
        try:
            state.client().operating.load_samples()
        except ApiError as error:
            st.error(refused(error))
            return
        st.toast(t("settings.samples_loaded"), icon=":material/check:")
        st.rerun()
