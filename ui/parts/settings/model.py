"""Which chat model answers on this machine's processors: the fast one, or the better one."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.upkeep import failed_job
from ui.safe_markdown import plain
from ui.words.texts import refused, t


def draw(found: wire.Settings) -> None:
    st.header(t("settings.model"), anchor=False)
    if not found["presets"]:
        running = plain(", ".join(dict.fromkeys(found["running"])))
        st.caption(t("settings.model_fixed", models=running))
        return
    st.caption(t("settings.model_what"))
    for preset in found["presets"]:
        _preset(preset, running=preset["model"] in found["running"])


def _preset(preset: wire.Preset, *, running: bool) -> None:
    name = preset["name"]
    with st.container(border=True, gap="xsmall", key=f"preset-{name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t(f'preset.{name}')}**", width="content")
            if running:
                st.badge(t("preset.running"), color="green")
            elif preset["chosen"]:
                st.badge(t("preset.next"), color="blue")
            st.space("stretch")
            possible = preset["here"] or (preset["can_download"] and preset["percent"] is None)
            if possible and not preset["chosen"]:
                _choose(preset)
        facts = [t(f"preset.{name}_what"), plain(preset["model"])]
        if preset["first_token_s"] is not None:
            facts.append(t("preset.first_token", seconds=f"{preset['first_token_s']:.0f}"))
        st.caption(" · ".join(facts))
        if preset["chosen"] and not running:
            st.caption(t("preset.restart"))
        if preset["percent"] is not None:
            _downloading(preset["name"])
        elif not preset["here"]:
            _not_here(preset)
        if preset["error"]:
            failed_job.draw("preset.download_failed", preset["error_code"], preset["error"])


def _not_here(preset: wire.Preset) -> None:
    megabytes = f"{preset['download_mb']:,}"
    if preset["can_download"]:
        st.caption(t("preset.download", mb=megabytes))
    else:
        st.caption(t("preset.offline", mb=megabytes))
        st.code(f"zhiwen models use {preset['model']}", language=None)


@st.fragment(run_every=2.0)
def _downloading(name: str) -> None:
    """Looks by itself; the page is drawn anew once the download has ended."""
    try:
        presets = state.client().operating.settings()["presets"]
    except ApiError:
        st.rerun()
    percent = next((each["percent"] for each in presets if each["name"] == name), None)
    if percent is None:
        st.rerun()
    st.progress(min(1.0, percent / 100), text=t("preset.downloading", percent=percent))


def _choose(preset: wire.Preset) -> None:
    words_key = "preset.choose" if preset["here"] else "preset.choose_download"
    if st.button(t(words_key), key=f"preset-choose-{preset['name']}"):
        try:
            state.client().operating.choose_model(preset["name"])
        except ApiError as error:
            st.error(refused(error))
            return
        st.rerun()
