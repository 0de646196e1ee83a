"""The chat page: the conversation, and below it the input with its knowledge bases."""

import httpx
import streamlit as st
from streamlit.typing import ChatInputValue

from ui import address, state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.client.watch import Watch, ask
from ui.parts import advice, answer, picker, question_counter, thought
from ui.parts.conversation import attached, question, suggestions, transcript
from ui.parts.conversation.turns import Turn, turns
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
        with st.container(key="heard-title"):
            st.title(plain(conversation["title"] or t("sidebar.untitled")), anchor=False)
        running = _messages(conversation, chosen)
        if not running:
            _after(conversation)
        length = sum(len(message["content"]) for message in conversation["messages"])
        marks.follow_end("page", length, jump=conversation["id"])
    else:
        st.session_state["follows"] = None
        _welcome(bases, chosen)
    _ask_error()
    attached.pending()
    with st.bottom:
        picker.engine_notice()
        task = picker.draw(bases, chosen)
        if running and conversation:
            _stop(conversation)
        else:
            _input(conversation, chosen, task)
    _send_waiting(conversation, chosen)


def _conversation() -> wire.ConversationDetail | None:
    conversation_id = state.conversation_id()
    if conversation_id is None:
        return None
    try:
        found = state.client().conversation(conversation_id)
    except ApiError as error:
        if error.status != httpx.codes.NOT_FOUND:
            raise
        state.open_conversation(None)
        address.forget("c")
        st.toast(t("chat.gone"))
        return None
    found = _with_answer_in_address(found)
    title(found["title"] or t("sidebar.untitled"))
    return found


def _with_answer_in_address(conversation: wire.ConversationDetail) -> wire.ConversationDetail:
    """A link may lead to an answer of a branch that is not shown."""
    said = st.query_params.get("a")
    shown = {message["id"] for message in conversation["messages"]}
    if not said or said in shown or said == st.session_state.get("answer_in_address"):
        return conversation
    try:
        found = state.client().show(said)
    except ApiDown:
        raise
    except ApiError:
        address.forget("a")
        return conversation
    if found["id"] != conversation["id"]:
        address.forget("a")
        return conversation
    return found


def _messages(conversation: wire.ConversationDetail, chosen: list[wire.Base]) -> bool:
    """Draws all turns. Returns True while an answer is being written."""
    running = any(_is_running(message) for message in conversation["messages"])
    regenerate_id: str | None = None
    edited: tuple[Turn, str] | None = None
    st.session_state["follows"] = None
    for turn in turns(conversation["messages"]):
        if words := question.draw(turn, busy=running):
            edited = turn, words
        if _is_running(turn.answers[-1]):
            answer.running(turn.answers[-1]["id"])
            continue
        final = [_latest(message) for message in turn.answers]
        shown = answer.chosen(final, turn.place)
        st.session_state["follows"] = shown["id"]
        regenerate_id = answer.finished(shown, final, busy=running) or regenerate_id
    question.place_cursor()
    if edited:
        _send_edited(*edited, chosen, attached.base_id(conversation))
    if regenerate_id:
        _start({"regenerate": regenerate_id, "thinking": thought.wanted()})
    return running


def _send_edited(turn: Turn, words: str, chosen: list[wire.Base], attached_id: str | None) -> None:
    """Asks the question in other words, of the bases and the model that are chosen now."""
    task = turn.answers[-1].get("task", "qa")
    _start({**_request(words, chosen, attached_id), "edit": turn.question["id"], "task": task})


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
    code = watch.error.code if watch.error else None
    text: wire.Message = {**message, "content": watch.text, "thought": watch.thought}
    return {**text, "state": "failed", "error_code": code}


def _stop(conversation: wire.ConversationDetail) -> None:
    running = [m["id"] for m in conversation["messages"] if _is_running(m)]
    if st.button(t("chat.stop"), icon=":material/stop_circle:", width="stretch", key="stop"):
        for answer_id in running:
            state.client().stop(answer_id)
        st.toast(t("chat.stopping"))


def _input(
    conversation: wire.ConversationDetail | None, chosen: list[wire.Base], task: wire.Task
) -> None:
    if task != "translate":  # a long text is translated in parts
        question_counter.draw(picker.models(), picker.max_characters())
    if task == "qa":
        _question_input(conversation, chosen)
        return
    hint = t(f"task.{task}_hint")
    text = st.chat_input(hint, key=f"{task}-text", max_chars=picker.max_characters())
    if text and text.strip():
        send(text.strip(), chosen, task=task)


def _question_input(conversation: wire.ConversationDetail | None, chosen: list[wire.Base]) -> None:
    attached.draw(conversation)
    attached_id = attached.base_id(conversation)
    value = st.chat_input(
        t("chat.placeholder" if chosen or attached_id else "chat.choose_base"),
        key="question",
        accept_file="multiple",
        max_chars=picker.max_characters(),
    )
    if not isinstance(value, ChatInputValue):
        return
    if value.files:
        attached.send_and_wait(conversation, list(value.files), value.text)
        st.rerun()
    if value.text.strip():
        _send_to_bases(value.text.strip(), chosen, attached_id)


def _send_to_bases(words: str, chosen: list[wire.Base], attached_id: str | None) -> None:
    if chosen or attached_id:
        send(words, chosen, attached_id)
    else:
        st.session_state["ask_error"] = {"detail": t("chat.choose_base"), "question": words}
        st.rerun()


def send(
    words: str,
    chosen: list[wire.Base],
    attached_id: str | None = None,
    *,
    task: wire.Task = "qa",
) -> None:
    """A question to the documents, whatever the switch is at: it may come from a suggestion."""
    request: wire.ChatRequest = {**_request(words, chosen, attached_id), "task": task}
    if follows := st.session_state.get("follows"):
        request["parent_id"] = follows  # what the person has read
    _start(request)


def _request(words: str, chosen: list[wire.Base], attached_id: str | None) -> wire.ChatRequest:
    return {
        "question": words,
        "base_ids": [*(base["id"] for base in chosen), *filter(None, [attached_id])],
        "conversation_id": state.conversation_id(),
        "model": picker.model(),
        "thinking": thought.wanted(),
    }


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
    _remember(watch, request)
    st.rerun()


def _failure_detail(watch: Watch) -> str:
    if watch.error is None:
        return t("chat.no_start")
    error = watch.error
    if error.code == "question_too_long":
        unit = "tokens" if "tokens" in error.facts else "characters"
        return t(f"chat.too_many_{unit}", **error.facts)
    return t("busy.said") if error.code == "engine_busy" else why(error)


def _remember(watch: Watch, request: wire.ChatRequest) -> None:
    state.watches()[watch.answer_id] = watch
    attached.asked(request.get("base_ids", []))
    address.forget("a")  # it may be of the branch before
    st.session_state["conversation"] = watch.conversation_id
    st.query_params["c"] = watch.conversation_id


def _ask_error() -> None:
    """Why the question was not sent. Its words stand in the input again, once."""
    failed = st.session_state.get("ask_error")
    if failed:
        st.error(t("chat.not_sent", detail=plain(failed["detail"])), icon=":material/error:")
        if words := failed.pop("question", ""):
            task = picker.task()
            st.session_state["question" if task == "qa" else f"{task}-text"] = words


def _send_waiting(conversation: wire.ConversationDetail | None, chosen: list[wire.Base]) -> None:
    """Sends a question that waited for its files, or a request from a dialog or another page."""
    waiting = st.session_state.pop("send_now", "")
    attached_id = attached.base_id(conversation)
    if isinstance(waiting, dict):
        _start(waiting)  # type: ignore[arg-type]  # put there as a ChatRequest
    elif waiting:
        _send_to_bases(waiting, chosen, attached_id)


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
                send(example, chosen, attached.base_id(None))
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
