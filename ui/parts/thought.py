"""What a model thinks before it answers, and the switch that makes it think."""

import streamlit as st

from ui.client import wire
from ui.client.watch import Watch
from ui.safe_markdown import plain_lines
from ui.words.texts import t

AUTO = "auto"


def running(watch: Watch) -> None:
    """Open while the model thinks, with its newest words in view; folded as soon as it answers."""
    if not watch.thought:
        return
    thinks = not watch.text
    # The label must not change while it is open: a new label would undo the reader's own folding.
    label = f":shimmer[{t('thought.running')}]" if thinks else t("thought.label")
    _draw(watch.answer_id, watch.thought, label, live=thinks)


def finished(message: wire.Message) -> None:
    """Folded, with how long it took."""
    thought = message.get("thought", "")
    if not thought:
        return
    took_ms = message["timings_ms"].get("thinking")
    label = t("thought.label")
    if took_ms is not None:
        label = t("thought.took", s=max(1, round(took_ms / 1000)))
    _draw(message["id"], thought, label, live=False)


def _draw(answer_id: str, thought: str, label: str, *, live: bool) -> None:
    name = "thinking" if live else "thought"
    with (
        st.expander(label, expanded=live, key=f"folded-{name}-{answer_id}"),
        st.container(key=f"{name}-{answer_id}"),
    ):
        st.caption(plain_lines(thought.strip()).replace("\n", "  \n"))


def switch(models: list[wire.Model]) -> None:
    """Draws the switch where the chosen model has one."""
    able = _with_switch(models)
    if not able:
        st.session_state["thinking"] = None
        return
    names = "-".join(model["name"] for model in able)
    usual = all(model.get("thinks_by_default", False) for model in able)
    st.session_state["thinking"] = st.toggle(
        t("thought.switch"), value=usual, key=f"think-{names}", help=t("thought.switch_help")
    )


def wanted() -> bool | None:
    """What the switch says; None where there is none."""
    value: bool | None = st.session_state.get("thinking")
    return value


def _with_switch(models: list[wire.Model]) -> list[wire.Model]:
    """Of the models that may answer, those with a switch."""
    picked = st.session_state.get("picked_model") or AUTO
    if len(models) > 1 and picked != AUTO:
        models = [model for model in models if model["name"] == picked]
    elif len(models) > 1:
        models = [model for model in models if not model.get("only_by_name", False)]
    return [model for model in models if model.get("thinking") == "template"]
