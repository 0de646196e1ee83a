"""The row above the input: knowledge bases, model, and whether the engine is up."""

from datetime import datetime
from typing import cast

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError, Client
from ui.safe_markdown import plain, shortened
from ui.words.texts import t

AUTO = "auto"  # the API decides for each question
SAMPLE_BASE = "示例 · Sample"  # the API creates it under this name on a first start


def chosen(bases: list[wire.Base], conversation: wire.ConversationDetail | None) -> list[wire.Base]:
    """The bases that are asked: those picked here, else the conversation's, else `_usual`."""
    if conversation and st.session_state.get("base_ids_of") != conversation["id"]:
        st.session_state["base_ids_of"] = conversation["id"]
        st.session_state["base_ids"] = conversation["base_ids"]
        st.session_state["picked_model"] = conversation.get("model")
        turn = st.session_state.get("picker_model_turn", 0)
        st.session_state["picker_model_turn"] = turn + 1  # a widget keeps its own value
    wanted = st.session_state.get("base_ids")
    if wanted is None:
        wanted = st.session_state["base_ids"] = _usual(bases)
    return [base for base in bases if base["id"] in wanted]


def _usual(bases: list[wire.Base]) -> list[str]:
    """What was asked last; at the very first the sample base, else one that has files."""
    for last in state.client().conversations(limit=1)["items"]:
        known = [base["id"] for base in bases if base["id"] in last["base_ids"]]
        if known:
            return known
    best = sorted(bases, key=lambda b: (not b["ready_count"], b["name"] != SAMPLE_BASE))
    return [base["id"] for base in best[:1]]


TASKS: dict[wire.Task, str] = {
    "qa": ":material/menu_book:",
    "chat": ":material/chat:",
    "translate": ":material/translate:",
}


def task() -> wire.Task:
    """What is asked for: answers from documents unless something else was chosen."""
    return cast(wire.Task, st.session_state.get("task") or "qa")


def _tasks() -> None:
    st.segmented_control(
        t("picker.task"),
        list(TASKS),
        format_func=lambda name: f"{TASKS[name]} {t(f'task.{name}')}",
        key="task",
        default="qa",
        required=True,
        label_visibility="collapsed",
    )


def draw(bases: list[wire.Base], asked: list[wire.Base]) -> wire.Task:
    """Returns what is to be asked for."""
    names = " · ".join(plain(shortened(base["name"], 24)) for base in asked[:2])
    more = f" +{len(asked) - 2}" if len(asked) > 2 else ""
    models = state.client().models()
    with st.container(horizontal=True, vertical_alignment="center", key="scope"):
        _tasks()
        label = names + more or t("picker.none")
        if task() == "qa":
            with st.popover(label, icon=":material/folder:", type="tertiary", key="picker"):
                _bases(bases, asked)
        st.space("stretch")
        if len(models) > 1:
            _models(models)
        elif models:
            st.caption(plain(models[0]["name"]), width="content")
    return task()


def model() -> str | None:
    """The model picked for this conversation, None where there is nothing to pick."""
    name = st.session_state.get("picked_model")
    return str(name) if name else None


def _models(models: list[wire.Model]) -> None:
    """Of each conversation its own: a widget under a key of the conversation begins with it."""
    about = {model["name"]: model for model in models}
    names = [AUTO, *about]
    picked = model() or AUTO

    def label(name: str) -> str:
        if name == AUTO:
            return t("picker.auto")
        return name if about[name]["ready"] else t("picker.not_ready", name=name)  # no Markdown

    st.session_state["picked_model"] = st.selectbox(
        t("picker.model"),
        names,
        index=names.index(picked) if picked in names else 0,
        format_func=label,
        key=f"model-{st.session_state.get('picker_model_turn', 0)}",
        help=_good_for(models),
        label_visibility="collapsed",
        width=220,
    )


def _good_for(models: list[wire.Model]) -> str:
    """What each model is good for, and what `auto` does."""
    told = [f"**{plain(m['name'])}**: {plain(m['good_for'])}" for m in models if m.get("good_for")]
    return "\n\n".join([t("picker.auto_help"), *told])


def _bases(bases: list[wire.Base], asked: list[wire.Base]) -> None:
    by_id = {base["id"]: base for base in bases}
    st.caption(t("picker.what"))
    # A widget keeps its own value under a key; bases chosen elsewhere need a new key.
    chosen_ids = [base["id"] for base in asked]
    if st.session_state.get("picker_ids") != chosen_ids:
        st.session_state["picker_turn"] = st.session_state.get("picker_turn", 0) + 1
        st.session_state["picker_ids"] = chosen_ids
    key = f"picked-{st.session_state['picker_turn']}"

    def picked() -> None:
        st.session_state["base_ids"] = list(st.session_state[key])
        st.session_state["picker_ids"] = [i for i in by_id if i in st.session_state[key]]

    def label(base_id: str) -> str:
        base = by_id[base_id]
        return f"{plain(shortened(base['name']))} ({base['ready_count']})"

    st.pills(
        t("picker.what"),
        list(by_id),
        selection_mode="multi",
        default=chosen_ids,
        format_func=label,
        key=key,
        on_change=picked,
        label_visibility="collapsed",
    )


def examples(asked: list[wire.Base]) -> list[str]:
    """Questions to begin with: fixed ones for the sample base, else one for each newest file."""
    if not asked:
        return []
    if asked[0]["name"] == SAMPLE_BASE:
        return [t(f"sample.question{number}") for number in (1, 2, 3)]
    newest = state.client().documents(asked[0]["id"], limit=3, state="ready")["items"]
    return [t("welcome.about", name=document["name"].rsplit(".", 1)[0]) for document in newest]


def engine_notice() -> None:
    """Says since when no answers can be written; looks more often while that is so."""
    down = _engine()
    st.session_state["engine_down"] = down is not None
    _notice_down() if down is not None else _notice_up()


@st.fragment(run_every=30.0)
def _notice_up() -> None:
    if _engine() is not None:
        st.rerun()


@st.fragment(run_every=4.0)
def _notice_down() -> None:
    down = _engine()
    if down is None:
        st.toast(t("engine.back"), icon=":material/check:")
        st.rerun()
    since = _clock(down["since"])
    said = t("engine.down_since", since=since) if since else t("engine.down")
    st.warning(f"{said} {t('engine.still')}", icon=":material/cloud_off:")


def _engine() -> wire.Component | None:
    """The engine's entry when it is down, None when it is up or the API is busy elsewhere."""
    try:
        parts = _components(state.client(), state.client().url)
    except ApiError:
        return None
    return next((part for part in parts if part["name"] == "engine" and not part["ok"]), None)


@st.cache_data(ttl=2.0, show_spinner=False)
def _components(_client: Client, url: str) -> list[wire.Component]:
    """Asked once for all that is drawn in a run."""
    return _client.status()["components"]


def _clock(since: str | None) -> str:
    """HH:MM in the browser's time."""
    if not since:
        return ""
    return datetime.fromisoformat(since).astimezone(state.time_zone()).strftime("%H:%M")
