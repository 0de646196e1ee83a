"""The row above the input: task, knowledge bases, model, and a notice if the engine is down."""

from datetime import datetime
from typing import cast

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError, Client
from ui.parts import thought
from ui.parts.library import bases as bases_room
from ui.safe_markdown import plain, shortened
from ui.words.texts import t

AUTO = "auto"  # the API chooses for each question
_MAX_CHARACTERS = 8000  # until the API has said its limit
_RECENT = 20


def chosen(bases: list[wire.Base], conversation: wire.ConversationDetail | None) -> list[wire.Base]:
    """The selected bases: those picked here, else the conversation's, else the default."""
    if conversation and st.session_state.get("base_ids_of") != conversation["id"]:
        st.session_state["base_ids_of"] = conversation["id"]
        st.session_state["base_ids"] = conversation["base_ids"]
        st.session_state["picked_model"] = conversation.get("model")
        turn = st.session_state.get("picker_model_turn", 0)
        st.session_state["picker_model_turn"] = turn + 1  # a widget keeps its own value
    selected_ids = st.session_state.get("base_ids")
    if selected_ids is None:
        selected_ids = st.session_state["base_ids"] = _default_ids(bases)
    return [base for base in bases if base["id"] in selected_ids]


def _default_ids(bases: list[wire.Base]) -> list[str]:
    """The bases of the last conversation; without one, all that have files. The sample base is the
    default only where there is no other: its firm is made up, and answers about leave as well."""
    found = state.client().conversations(limit=_RECENT)["items"]  # pinned ones come first
    for last in sorted(found, key=lambda c: c["updated_at"], reverse=True)[:1]:
        known = [base["id"] for base in bases if base["id"] in last["base_ids"]]
        if known:
            return known
    ready = [base for base in bases if base["ready_count"]]
    return [base["id"] for base in bases_room.without_sample(ready) or ready or bases[:1]]


TASKS: dict[wire.Task, str] = {
    "qa": ":material/menu_book:",
    "chat": ":material/chat:",
    "translate": ":material/translate:",
}


def task() -> wire.Task:
    """The selected task; answers from documents by default."""
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


def draw(bases: list[wire.Base], selected: list[wire.Base]) -> wire.Task:
    """Draws the row and returns the selected task."""
    names = " · ".join(plain(shortened(bases_room.label(base), 24)) for base in selected[:2])
    more = f" +{len(selected) - 2}" if len(selected) > 2 else ""
    found = state.client().models()
    st.session_state["models"] = found
    with st.container(horizontal=True, vertical_alignment="center", key="scope"):
        _tasks()
        label = names + more or t("picker.none")
        if task() == "qa":
            with st.popover(label, icon=":material/folder:", type="tertiary", key="picker"):
                _bases(bases, selected)
        st.space("stretch")
        if len(found) > 1:
            _models(found)
        elif found:
            st.caption(plain(found[0]["name"]), width="content")
        thought.switch(found)
    return task()


def model() -> str | None:
    """The model selected for this conversation, or None if there is no choice."""
    name = st.session_state.get("picked_model")
    return str(name) if name else None


def max_characters() -> int:
    """Longest question, for the counter in the input. Tokens are counted by the API."""
    limits = [m.get("max_question_characters", 0) for m in models()]
    return min(filter(None, limits), default=_MAX_CHARACTERS)


def models() -> list[wire.Model]:
    """The models as they were when the row was drawn."""
    return cast(list[wire.Model], st.session_state.get("models", []))


def _models(models: list[wire.Model]) -> None:
    """Selects the model of this conversation; its own widget key presets the saved choice."""
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
        help=_model_help(models),
        label_visibility="collapsed",
        width=220,
    )


def _model_help(models: list[wire.Model]) -> str:
    """Describes each model and how `auto` chooses."""
    descriptions = [
        f"**{plain(m['name'])}**: {plain(m['good_for'])}" for m in models if m.get("good_for")
    ]
    return "\n\n".join([t("picker.auto_help"), *descriptions])


def _bases(bases: list[wire.Base], selected: list[wire.Base]) -> None:
    by_id = {base["id"]: base for base in bases}
    st.caption(t("picker.what"))
    # A widget keeps its value as long as its key; bases selected elsewhere need a new key.
    chosen_ids = [base["id"] for base in selected]
    if st.session_state.get("picker_ids") != chosen_ids:
        st.session_state["picker_turn"] = st.session_state.get("picker_turn", 0) + 1
        st.session_state["picker_ids"] = chosen_ids
    key = f"picked-{st.session_state['picker_turn']}"

    def picked() -> None:
        st.session_state["base_ids"] = list(st.session_state[key])
        st.session_state["picker_ids"] = [i for i in by_id if i in st.session_state[key]]

    def label(base_id: str) -> str:
        base = by_id[base_id]
        return f"{plain(shortened(bases_room.label(base)))} ({base['ready_count']})"

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


def examples(selected: list[wire.Base]) -> list[str]:
    """Example questions: fixed ones for the sample base, else one per recent file."""
    if not selected:
        return []
    if selected[0]["name"] == bases_room.SAMPLE:
        return [t(f"sample.question{number}") for number in (1, 2, 3)]
    newest = state.client().documents(selected[0]["id"], limit=3, state="ready")["items"]
    return [t("welcome.about", name=document["name"].rsplit(".", 1)[0]) for document in newest]


def engine_notice() -> None:
    """Shows since when the engine is down; polls more often while it is."""
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
    since = _local_time(down["since"])
    notice = t("engine.down_since", since=since) if since else t("engine.down")
    st.warning(f"{notice} {t('engine.still')}", icon=":material/cloud_off:")


def _engine() -> wire.Component | None:
    """The engine's entry if it is down; None if it is up or the status is unavailable."""
    try:
        parts = _status_now()["components"]
    except ApiError:
        return None
    return next((part for part in parts if part["name"] == "engine" and not part["ok"]), None)


def advised() -> list[wire.Advice]:
    """What the API advises on the chat model; nothing if the status is unavailable."""
    try:
        return _status_now().get("advice", [])
    except ApiError:
        return []


def _status_now() -> wire.Status:
    client = state.client()
    return _status(client, client.url, client.visitor.token)


@st.cache_data(ttl=2.0, show_spinner=False)
def _status(_client: Client, url: str, token: str) -> wire.Status:
    """Cached, so that one run asks once; for each person by themselves."""
    return _client.status()


def _local_time(since: str | None) -> str:
    """HH:MM in the browser's time zone."""
    if not since:
        return ""
    return datetime.fromisoformat(since).astimezone(state.time_zone()).strftime("%H:%M")
