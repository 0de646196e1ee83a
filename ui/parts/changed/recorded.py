"""The newest answers to a base's own questions beside those that were accepted."""

import json
from collections.abc import Callable, Sequence

import streamlit as st

from ui import state
from ui.client import wire
from ui.client.http import ApiError
from ui.parts.changed import answers
from ui.parts.upkeep import failed_job
from ui.safe_markdown import plain, shortened
from ui.words.texts import refused, t, words

_LOOK_S = 2.0
_UNFINISHED = ("queued", "running")


def tab(base_id: str) -> None:
    """Looks by itself while answers are recorded; once they are, the page is drawn anew."""
    st.write(t("changed.what"))
    try:
        looks = _busy(state.client().improving.changes(base_id))
    except ApiError as error:
        st.error(refused(error))
        return
    st.fragment(_tab, run_every=_LOOK_S if looks else None)(base_id, looks=looks)


def _busy(found: wire.Changes) -> bool:
    return found["job"] is not None and found["job"]["state"] in _UNFINISHED


def _tab(base_id: str, *, looks: bool) -> None:
    found = state.client().improving.changes(base_id)
    if looks and not _busy(found):
        st.rerun()
    job = found["job"]
    if job is not None:
        _job(job)
    if found["recorded_at"] is None:
        if job is None:
            st.info(t("changed.nothing_yet"), icon=":material/info:")
    elif found["asked"] is None:
        st.write(_alone(found))
    else:
        _compared(base_id, found)
    with st.container(horizontal=True):
        if found["recording_id"] and not found["accepted"]:
            _accept(base_id, found["recording_id"], first=found["asked"] is None)
        if st.button(
            t("changed.record"),
            icon=":material/play_arrow:",
            help=t("changed.record_help"),
            disabled=looks,
            key="changed-record",
        ):
            _do(lambda: state.client().improving.record_answers(base_id))


def _job(job: wire.RecordingJob) -> None:
    if job["state"] == "queued":
        st.markdown(f":shimmer[{t('changed.queued')}]")
    elif job["state"] == "running":
        done, total = job["done"], job["total"]
        said = t("changed.recording", done=done, total=total) if total else t("changed.begins")
        st.progress(min(1.0, done / total) if total else 0.0, text=said)
    elif job["state"] == "failed":
        failed_job.draw("changed.failed", job["error_code"], job["error_detail"])


def _alone(found: wire.Changes) -> str:
    """Nothing to compare with, or nothing else to compare it with."""
    when = state.local_time(found["recorded_at"] or "")
    return t("changed.accepted" if found["accepted"] else "changed.first", when=when)


def _compared(base_id: str, found: wire.Changes) -> None:
    changed, others = found["changed"], found["others_changed"]
    if not found["asked"]:
        st.warning(t("changed.none_left"))
        return
    worse = sum(each["verdict"] == "worse" for each in changed) + found["others_worse"]
    total = len(changed) + others
    if total:
        st.header(t("changed.headline", n=total, of=found["asked"], worse=worse), anchor=False)
    else:
        st.success(t("changed.none", of=found["asked"]), icon=":material/check:")
    st.caption(t("changed.recorded", when=state.local_time(found["recorded_at"] or "")))
    if found["settings"]:
        _settings(found["settings"])
    if changed:
        answers.draw(changed, base_id)
    if others:
        st.caption(t("changed.others", n=others, worse=found["others_worse"]))


def _settings(settings: Sequence[wire.ChangedSetting]) -> None:
    with st.expander(t("changed.settings", n=len(settings))):
        st.table(
            {
                t("changed.setting"): [_name(each["name"]) for each in settings],
                t("changed.before"): [_value(each["before"]) for each in settings],
                t("changed.after"): [_value(each["after"]) for each in settings],
            }
        )


def _name(name: str) -> str:
    """In words, or as in the environment."""
    key = f"changed.setting_{name}"
    return t(key) if key in words("zh") else f"ZHIWEN_{name.upper()}"


def _value(value: object) -> str:
    return plain(
        shortened(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 120)
    )


def _accept(base_id: str, recording_id: str, *, first: bool) -> None:
    if st.button(
        t("changed.accept_first" if first else "changed.accept"),
        type="primary",
        icon=":material/check:",
        help=t("changed.accept_help"),
        key=f"changed-accept-{recording_id}",  # a click counts for the answers it was made below
    ):
        _do(lambda: state.client().improving.accept_answers(base_id, recording_id))


def _do(call: Callable[[], None]) -> None:
    try:
        call()
    except ApiError as error:
        st.error(refused(error))
        return
    st.rerun()
