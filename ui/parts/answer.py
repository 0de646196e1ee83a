"""One answer, streaming or complete."""

import sys

import streamlit as st

from ui import address, safe_markdown, state
from ui.client import wire
from ui.client.http import ApiError
from ui.client.watch import Watch
from ui.parts import approved, feedback, served, thought, trust
from ui.parts.source import marks, sources
from ui.words.texts import refused, t, why_failed, words

REFRESH_S = 0.2


@st.fragment(run_every=REFRESH_S)
def running(answer_id: str) -> None:
    """Draws what has come in so far; the page stays free for everything else meanwhile."""
    watch = state.watch(answer_id)
    if watch.finished.is_set():
        st.rerun()
    _draw_running(watch)


def _draw_running(watch: Watch) -> None:
    with st.container(key=f"answer-{watch.answer_id}"):
        text = watch.text
        if not (text or watch.thought):
            st.markdown(f":shimmer[{_stage(watch)}]")
        elif watch.passages:
            st.caption(_found(watch))
        thought.running(watch)
        if text:
            anchor = marks.anchor(watch.answer_id)
            st.markdown(safe_markdown.answer(text, len(watch.passages), anchor) + " ▍")
        if watch.passages:
            count = len(watch.passages)
            sources.chips(watch.answer_id, watch.passages, [*range(1, count + 1)])
    length = len(watch.thought) + len(watch.text) + len(watch.passages)
    marks.follow_end("running", length, jump=watch.answer_id)


def _found(watch: Watch) -> str:
    return t("stage.found", passages=len(watch.passages), documents=watch.document_count)


def _stage(watch: Watch) -> str:
    if watch.total > 1:
        return t("stage.part", done=watch.done, total=watch.total)
    if watch.passages:
        return f"{_found(watch)}{t('stage.reading')}"
    return t("stage.thinking" if watch.stage == "reading" else "stage.searching")


def finished(shown: wire.Message, variants: list[wire.Message], *, busy: bool) -> str | None:
    """One of the variants of an answer. Returns the id to be written anew."""
    with st.container(key=f"answer-{shown['id']}"):
        _outcome(shown)
        if shown.get("approved_id"):
            approved.badge()
        thought.finished(shown)
        if shown["finish_reason"] == "no_sources":
            _nothing_found(shown)
        elif shown["content"]:
            trust.text(shown)
            trust.conflicts(shown)
        if shown["passages"]:
            numbers = sources.cited_numbers(shown)
            stated = shown["finish_reason"] not in ("no_sources", "approved")
            if stated and not sources.rests_on_sources(shown):
                st.caption(t("source.searched"))
            sources.chips(shown["id"], shown["passages"], numbers, shown["citations"])
        return _actions(shown, variants, busy=busy)


def chosen(variants: list[wire.Message], place: int) -> wire.Message:
    """The variant that was turned to, here or by the address, else the one at `place`."""
    said = st.query_params.get("a")
    for number, message in enumerate(variants):
        if message["id"] == said != st.session_state.get("answer_in_address"):
            st.session_state[_variant_key(message)] = number
            st.session_state["answer_in_address"] = said
    turned_to = int(st.session_state.get(_variant_key(variants[0]), place))
    return variants[min(turned_to, len(variants) - 1)]


def _show_newest(message: wire.Message) -> None:
    st.session_state[_variant_key(message)] = sys.maxsize
    address.forget("a")


def _variant_key(message: wire.Message) -> str:
    return f"variant-of-{message.get('parent_id')}"


def _outcome(message: wire.Message) -> None:
    """Anything but a plain complete answer is said before its text."""
    if message["state"] == "failed":
        st.warning(t("answer.failed"), icon=":material/cloud_off:")
        if code := message.get("error_code"):  # older answers have none
            st.caption(why_failed(code))
    elif message["state"] == "interrupted":
        st.info(t("answer.interrupted"), icon=":material/info:")
    elif message["state"] == "stopped":
        st.caption(t("answer.stopped"))
    elif message.get("thought") and not message["content"]:
        only = "thought.only_cut" if message["finish_reason"] == "length" else "thought.only"
        st.info(t(only), icon=":material/info:")
    elif message["finish_reason"] == "length":
        st.caption(t("answer.cut"))
    elif message["finish_reason"] == "repeated":
        st.caption(t("answer.repeated"))
    elif message["finish_reason"] == "not_stated":
        st.info(t("answer.not_stated"), icon=":material/help:")


def _nothing_found(message: wire.Message) -> None:
    """In our own words: those of the answer name the files, which stand below as sources."""
    st.info(t("none.said"), icon=":material/search_off:")
    if message["passages"]:
        st.caption(t("none.nearest"))


def _actions(shown: wire.Message, variants: list[wire.Message], *, busy: bool) -> str | None:
    wanted: str | None = None
    row = st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"actions-{shown['id']}"
    )
    with row:
        if len(variants) > 1:
            _variants(shown, variants)
        if shown["content"]:
            feedback.thumbs(shown)
            marks.copy_button(shown["content"], shown["id"])
        again = t("answer.retry") if shown["state"] == "failed" else t("answer.regenerate")
        if st.button(again, type="tertiary", key=f"again-{shown['id']}", disabled=busy):
            wanted = shown["id"]
            _show_newest(shown)
        if st.button(t("answer.details"), type="tertiary", key=f"details-{shown['id']}"):
            state.open_dialog("details", message_id=shown["id"])
        given = shown["feedback"]
        bad = bool(given and given["rating"] == "down")
        key = f"rate-{shown['id']}"
        if bad and st.button(t("feedback.edit"), type="tertiary", key=key):
            feedback.open_form(shown["id"])
    return wanted


def _variants(shown: wire.Message, variants: list[wire.Message]) -> None:
    place = next(n for n, message in enumerate(variants) if message["id"] == shown["id"])

    def turn(step: int) -> None:
        st.session_state[_variant_key(shown)] = place + step
        turned_to = variants[place + step]["id"]
        st.query_params["a"] = st.session_state["answer_in_address"] = turned_to
        state.close_dialog()  # it was about the other one

    for step, icon in ((-1, ":material/chevron_left:"), (1, ":material/chevron_right:")):
        st.button(
            t("answer.variant_back" if step < 0 else "answer.variant_on"),
            icon=icon,
            type="tertiary",
            key=f"variant{step}-{shown['id']}",
            on_click=turn,
            args=(step,),
            disabled=not 0 <= place + step < len(variants),
            help=t("answer.variant_back" if step < 0 else "answer.variant_on"),
        )
        if step < 0:
            st.markdown(f"{place + 1}/{len(variants)}")


def details() -> None:
    """Model, times, tokens, and every stage's score of every passage."""
    opened = state.dialog()
    if opened is None:
        return
    try:
        message = state.message(opened["message_id"])
    except ApiError as error:
        st.error(refused(error))
        return
    served.line(message)
    if message.get("cached_from"):
        _from_cache(message)
    facts = {
        t("details.model"): message["model"] or "–",
        t("details.prompt"): message.get("prompt_id") or "–",
        t("details.tokens"): f"{message['prompt_tokens']} → {message['completion_tokens']}",
    }
    timings = message["timings_ms"]
    if "first_token" in timings:
        waited = sum(timings.get(stage, 0.0) for stage in ("retrieve", "prompt", "first_token"))
        facts[t("details.first_token")] = f"{waited:,.0f} ms"
    if message.get("rewritten"):
        facts[t("details.searched_as")] = safe_markdown.plain(message["rewritten"])
    if message.get("trace_id"):
        facts[t("details.trace")] = message["trace_id"]
    facts |= {_timing_name(name): f"{value:,.0f} ms" for name, value in timings.items()}
    st.table({t("details.what"): list(facts), t("details.value"): list(facts.values())})
    if message["passages"]:
        st.caption(t("details.scores"))
        st.table(_score_table(message["passages"]))


def _from_cache(message: wire.Message) -> None:
    """Says that nobody was asked, and asks."""
    st.info(t("details.cached"), icon=":material/cached:")
    if st.button(t("details.ask_anew"), icon=":material/refresh:", key="ask-anew"):
        st.session_state["send_now"] = {"regenerate": message["id"]}
        _show_newest(message)
        state.close_dialog()
        st.rerun()


def _score_table(passages: list[wire.Passage]) -> dict[str, list[str]]:
    names = [
        f"{number} · {safe_markdown.plain(safe_markdown.shortened(passage['document_name']))}"
        for number, passage in enumerate(passages, 1)
    ]
    table = {t("details.passage"): names}
    for stage in ("dense", "lexical", "fused", "rerank"):
        scores: list[float | None] = [dict(p["trace"])[stage] for p in passages]  # type: ignore[misc]  # all four are scores
        if any(score is not None for score in scores):
            table[t(f"details.{stage}")] = ["–" if s is None else f"{s:.3f}" for s in scores]
    return table


def _timing_name(name: str) -> str:
    key = f"timing.{name}"
    return t(key) if key in words("zh") else name
