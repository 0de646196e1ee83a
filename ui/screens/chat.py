"""The chat page: the conversation, and below it the input with its knowledge bases."""

from itertools import groupby

import streamlit as st
from streamlit.typing import ChatInputValue

from ui import address, state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.client.watch import Watch, ask
from ui.parts import advice, answer, picker, question_counter, thought
from ui.parts.conversation import suggestions, transcript
from ui.parts.library import uploads
from ui.parts.source import marks
from ui.safe_markdown import plain
from ui.words.texts import t, title, why

START_S = 15.0  # the API stores the question and sends `start` before it searches


def page() -> None:
    bases = state.client().bases()
    conversation = _conversation()
    chosen = picker.chosen(bases, conversation)
    running = False
    if conversation:
        running = _messages(conversation)
        if not running:
            _after(conversation)
        length = sum(len(message["content"]) for message in conversation["messages"])
        marks.follow_end("page", length, jump=conversation["id"])
    else:
        _welcome(bases, chosen)
    _ask_error()
    uploads.pending_files()
    with st.bottom:
        picker.engine_notice()
        task = picker.draw(bases, chosen)
        if running and conversation:
            _stop(conversation)
        else:
            _input(chosen, task)
    _send_waiting(chosen)


def _conversation() -> wire.ConversationDetail | None:
    conversation_id = state.conversation_id()
    if conversation_id is None:
        return None
    try:
        found = state.client().conversation(conversation_id)
    except ApiDown:
        raise
    except ApiError:
        state.open_conversation(None)
        address.forget("c")
        st.toast(t("chat.gone"))
        return None
    title(found["title"] or t("sidebar.untitled"))
    return found


def _messages(conversation: wire.ConversationDetail) -> bool:
    """Draws all turns. Returns True while an answer is being written."""
    running = any(_is_running(message) for message in conversation["messages"])
    regenerate_id: str | None = None
    for _, group in groupby(conversation["messages"], key=lambda m: m["position"]):
        variants = list(group)
        if variants[0]["role"] == "user":
            answer.question(variants[-1])
        elif _is_running(variants[-1]):
            answer.running(variants[-1]["id"])
        else:
            final = [_latest(message) for message in variants]
            regenerate_id = answer.finished(final, busy=running) or regenerate_id
    if regenerate_id:
        _start({"regenerate": regenerate_id, "thinking": thought.wanted()})
    return running


def _after(conversation: wire.ConversationDetail) -> None:
    """Below the last answer: what to ask next, and the whole as a file."""
    messages = conversation["messages"]
    questions = [message["content"] for message in messages if message["role"] == "user"]
    if not questions or messages[-1]["role"] == "user":
        return
    suggestions.draw(messages[-1], questions[-1])
    transcript.button(conversation)


def _is_running(message: wire.Message) -> bool:
    return message["state"] == "streaming" and not state.watch(message["id"]).finished.is_set()


def _latest(message: wire.Message) -> wire.Message:
    """The message, or the state of its watch if that is newer."""
    if message["state"] != "streaming":
        state.watches().pop(message["id"], None)
        return message
    watch = state.watch(message["id"])
    if watch.final:
        return watch.final
    detail = watch.error.detail if watch.error else ""
    text: wire.Message = {**message, "content": watch.text, "thought": watch.thought}
    return {**text, "state": "failed", "error_detail": detail}


def _stop(conversation: wire.ConversationDetail) -> None:
    running = [m["id"] for m in conversation["messages"] if _is_running(m)]
    if st.button(t("chat.stop"), icon=":material/stop_circle:", width="stretch", key="stop"):
        for answer_id in running:
            state.client().stop(answer_id)
        st.toast(t("chat.stopping"))


def _input(chosen: list[wire.Base], task: wire.Task) -> None:
    if task != "translate":  # a long text is translated in parts
        question_counter.draw(picker.models(), picker.max_characters())
    if task == "qa":
        _question_input(chosen)
        return
    hint = t(f"task.{task}_hint")
    text = st.chat_input(hint, key=f"{task}-text", max_chars=picker.max_characters())
    if text and text.strip():
        send(text.strip(), chosen)


def _question_input(chosen: list[wire.Base]) -> None:
    editable = next((base for base in chosen if state.may_edit(base)), None)
    hint = "chat.choose_base"
    if chosen:
        hint = "chat.placeholder" if editable else "chat.placeholder_reader"
    value = st.chat_input(
        t(hint),
        key="question",
        accept_file="multiple" if editable else False,
        max_chars=picker.max_characters(),
        disabled=not chosen,
    )
    if isinstance(value, str):
        if value.strip():
            send(value.strip(), chosen)
    elif isinstance(value, ChatInputValue):
        if value.files and editable:
            uploads.send_and_wait(editable, list(value.files), value.text)
            st.rerun()
        elif value.text.strip():
            send(value.text.strip(), chosen)


def send(question: str, chosen: list[wire.Base]) -> None:
    request: wire.ChatRequest = {
        "question": question,
        "base_ids": [base["id"] for base in chosen],
        "conversation_id": state.conversation_id(),
        "model": picker.model(),
        "task": picker.task(),
        "thinking": thought.wanted(),
    }
    _start(request)


def _start(request: wire.ChatRequest) -> None:
    """Sends the question. From then on the API answers it, even if the page is closed."""
    st.session_state["ask_error"] = None
    state.close_dialog()  # whoever asks has left it; a click right after closing it can outrun that
    watch = ask(state.client(), request)
    watch.started.wait(START_S)
    if not watch.answer_id:
        detail = _failure_detail(watch)
        st.session_state["ask_error"] = {"detail": detail, "question": request.get("question", "")}
        st.rerun()
    _remember(watch)
    st.rerun()


def _failure_detail(watch: Watch) -> str:
    if watch.error is None:
        return t("chat.no_start")
    error = watch.error
    if error.code == "question_too_long":
        unit = "tokens" if "tokens" in error.facts else "characters"
        return t(f"chat.too_many_{unit}", **error.facts)
    return t("busy.said") if error.code == "engine_busy" else why(error)


def _remember(watch: Watch) -> None:
    state.watches()[watch.answer_id] = watch
    st.session_state["conversation"] = watch.conversation_id
    st.query_params["c"] = watch.conversation_id


def _ask_error() -> None:
    failed = st.session_state.get("ask_error")
    if failed:
        st.error(t("chat.not_sent", detail=plain(failed["detail"])), icon=":material/error:")
        if failed["question"]:
            with st.expander(t("chat.your_question"), expanded=len(failed["question"]) < 500):
                st.text(failed["question"])


def _send_waiting(chosen: list[wire.Base]) -> None:
    """Sends a question that waited for its files, or a request from a dialog or another page."""
    waiting = st.session_state.pop("send_now", "")
    if isinstance(waiting, dict):
        _start(waiting)  # type: ignore[arg-type]  # put there as a ChatRequest
    elif waiting and chosen:
        send(waiting, chosen)


def _welcome(bases: list[wire.Base], chosen: list[wire.Base]) -> None:
    st.space("large")
    if picker.task() != "qa":
        st.title(t(f"task.{picker.task()}"), anchor=False)
        st.write(t(f"task.{picker.task()}_what"))
        return
    st.title(t("welcome.title"), anchor=False)
    if not any(base["document_count"] for base in bases):
        st.write(t("empty.what"))
        _to_documents()
        return
    st.write(t("welcome.what"))
    if chosen and not any(base["ready_count"] for base in chosen):
        _nothing_ready(chosen)
    questions = picker.examples(chosen)
    if questions:
        st.caption(t("welcome.examples"))
    with st.container(key="chips-examples", gap="xsmall"):
        for number, example in enumerate(questions):
            if st.button(plain(example), key=f"example-{number}", width="content"):
                send(example, chosen)
    advice.welcome(picker.advised())


def _nothing_ready(chosen: list[wire.Base]) -> None:
    if any(base["document_count"] - base["failed_count"] for base in chosen):
        st.info(t("welcome.indexing"), icon=":material/hourglass_top:")
    else:
        st.info(t("welcome.empty_base"), icon=":material/folder_open:")
        _to_documents()


def _to_documents() -> None:
    if st.button(t("empty.button"), type="primary", icon=":material/upload_file:"):
        st.session_state["go"] = "documents"
        st.rerun()
