"""A new adapter among people: how it does against the one before, in words, and its end."""

import streamlit as st

from ui import state
from ui.client import wire
from ui.parts.improving import consent
from ui.safe_markdown import plain
from ui.words.texts import t

_SHARES = (5, 10, 25, 50)
_SHADOW = 0


def draw(base_model: str) -> None:
    """Of the model: who answers on trial, and what was taken back."""
    found = state.client().improving.canary(base_model)
    for taken in found["taken_back"]:
        taken_back(taken)
    for watched in found["watched"]:
        with st.container(border=True, key=f"canary-{watched['alias']}"):
            _watched(watched, found["rated_for_5_points"], base_model)


def taken_back(taken: wire.TakenBack) -> None:
    """What got worse, and when nobody but the guard was there."""
    guard = taken["guard"]
    what = t(f"canary.worse_{guard['metric']}")
    st.warning(
        t(
            f"canary.taken_back_{taken['alias']}",
            at=state.local_time(taken["at"]),
            what=what,
            after=_of(guard["after"]),
            before=_of(guard["before"]),
        ),
        icon=":material/undo:",
    )


def start(name: str, *, passed: bool) -> None:
    """The form that makes it the challenger. What did not pass may answer in the shadow alone."""
    shares = (_SHADOW, *(_SHARES if passed else ()))
    chosen = st.radio(
        t("canary.how"),
        shares,
        format_func=lambda n: t("canary.share", n=n) if n else t("canary.shadow"),
        key=f"share-{name}",
    )
    if st.button(t("canary.start"), type="primary", key=f"canary-{name}"):
        consent.serve(name, int(chosen or _SHADOW))


def _watched(watched: wire.Watched, enough: int, base_model: str) -> None:
    before = plain(watched["before"]) or t("canary.bare")
    key = "shadow" if watched["shadow"] else watched["alias"]
    st.write(
        t(
            f"canary.is_{key}",
            name=plain(watched["name"]),
            before=before,
            share=watched["share"],
            since=state.local_time(watched["since"]),
        )
    )
    measures = watched["measures"]
    if any(each["after"]["of"] or each["before"]["of"] for each in measures.values()):
        st.table(
            {
                t("canary.conversations"): [t(f"canary.{metric}") for metric in measures],
                t("canary.new"): [_of(each["after"]) for each in measures.values()],
                t("canary.before"): [_of(each["before"]) for each in measures.values()],
            }
        )
    else:
        st.caption(t("canary.nothing_yet"))
    if "rated_down" in measures:
        st.caption(t("canary.enough", n=enough))
    st.caption(t("canary.guard"))
    if st.button(
        t(f"canary.end_{watched['alias']}"),
        icon=":material/undo:",
        key=f"canary-end-{watched['alias']}",
    ):
        client, alias = state.client().improving, watched["alias"]
        consent.do(lambda: client.roll_back(base_model, alias), t("canary.ended"))


def _of(count: wire.Tally) -> str:
    return t("canary.of", bad=count["bad"], of=count["of"])
