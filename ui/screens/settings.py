"""The settings page, for administrators: what changes without a restart or a terminal."""

import streamlit as st

from ui import state
from ui.client.http import ApiError
from ui.parts.settings import embedder, model, samples, values
from ui.words.texts import refused, t


def page() -> None:
    st.title(t("page.settings"), anchor=False)
    st.write(t("settings.what"))
    try:
        found = state.client().operating.settings()
    except ApiError as error:
        if error.status != 403:  # the right to it was taken away meanwhile
            raise
        st.info(refused(error), icon=":material/lock:")
        return
    model.draw(found)
    values.draw(found["settings"], with_people=state.person() is not None)
    samples.draw()
    embedder.draw(found["calibration"])
