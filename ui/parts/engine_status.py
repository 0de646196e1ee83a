"""An engine on the status page: state, load, and what to do if it is down."""

from datetime import datetime
from typing import Literal

import streamlit as st

from ui import state
from ui.client import wire
from ui.safe_markdown import plain
from ui.words.texts import t


def draw(engine: wire.Engine, *, only: bool) -> None:
    with st.container(border=True, gap="small", key=f"engine-{engine['name']}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(engine['name'])}**", width="content")
            label, colour = _state(engine)
            st.badge(label, color=colour)
            st.space("stretch")
            st.caption(_queue(engine), width="content")
        st.caption(" · ".join(_facts(engine, only=only)))
        if not engine["ok"]:
            if engine["last_error"]:
                st.caption(_last_error(engine))
            st.markdown(_todo(engine, only=only))


def _state(engine: wire.Engine) -> tuple[str, Literal["green", "orange", "red"]]:
    if engine["ok"]:
        return t("status.engine_closed"), "green"
    return (
        (t("status.engine_open"), "orange") if engine["ready"] else (t("status.engine_gone"), "red")
    )


def _queue(engine: wire.Engine) -> str:
    return t(
        "status.queue",
        running=engine["running"],
        max_running=engine["max_running"],
        waiting=engine["waiting"],
        max_waiting=engine["max_waiting"],
    )


def _facts(engine: wire.Engine, *, only: bool) -> list[str]:
    facts = [] if only else [t(f"size.{engine['size']}")]
    facts.append(t("status.context", n=f"{engine['context_tokens']:,}"))
    if engine["model"] != engine["name"]:
        facts.append(plain(engine["model"]))
    if engine["price_in"] is not None and engine["price_out"] is not None:
        prices = {"price_in": engine["price_in"], "price_out": engine["price_out"]}
        facts.append(t("status.price", **prices))
    if engine["good_for"]:
        facts.append(plain(engine["good_for"]))
    if engine["since"]:
        facts.append(t("status.since", since=_local_time(engine["since"])))
    if engine["state"] == "open" and engine["next_try_s"]:
        facts.append(t("status.next_try", s=round(engine["next_try_s"])))
    return facts


def _last_error(engine: wire.Engine) -> str:
    when = _local_time(engine["last_error_at"]) if engine["last_error_at"] else "–"
    return t("status.last_error", when=when, error=plain(engine["last_error"]))


def _todo(engine: wire.Engine, *, only: bool) -> str:
    if engine["ready"]:
        return t("help.engine_open")
    if not engine["address"]:  # which is for administrators
        return t("help.engine_gone_told")
    if only:
        return t("help.engine_gone_only", address=plain(engine["address"]))
    return t("help.engine_gone")


def _local_time(moment: str) -> str:
    at = datetime.fromisoformat(moment).astimezone(state.time_zone())
    return at.strftime("%m-%d %H:%M")
