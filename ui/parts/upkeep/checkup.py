"""The check-up of a base: how far it is, and what it found, with what to do about each."""

import streamlit as st

from ui import address, state
from ui.client import wire
from ui.client.http import ApiDown, ApiError
from ui.parts.upkeep import failed_job, finding
from ui.words.texts import refused, t, words

_UNFINISHED = ("queued", "running")


def draw(bases: dict[str, str]) -> None:
    st.caption(t("checkup.what"))
    if not bases:
        return
    address.take("checkup-base", "base", next(iter(bases)), bases)
    st.selectbox(
        t("documents.base"),
        list(bases),
        format_func=lambda key: bases.get(key, ""),
        key="checkup-base",
        width=320,
    )
    base_id = address.put("checkup-base", "base", "")
    try:
        found = state.client().operating.check_up(base_id)
    except ApiDown:
        raise
    except ApiError as error:  # a base that the person sees in part only
        st.info(refused(error), icon=":material/lock:")
        return
    job = found["job"]
    if job is not None and job["state"] in _UNFINISHED:
        _running(base_id, job["id"])
    else:
        _start(base_id, found)
    if found["found_at"]:
        _result(base_id, found)


def _start(base_id: str, found: wire.CheckUp) -> None:
    job = found["job"]
    if job is not None and job["state"] == "failed":
        failed_job.draw("checkup.failed", job["error_code"], job["error_detail"])
    again = found["found_at"] is not None
    words_key = "checkup.again" if again else "checkup.start"
    kind = "secondary" if again else "primary"
    icon = ":material/troubleshoot:"
    if st.button(t(words_key), type=kind, icon=icon, key="checkup-start"):  # type: ignore[arg-type]  # a kind of button
        try:
            state.client().operating.start_check_up(base_id)
        except ApiError as error:
            st.error(refused(error))
            return
        st.rerun()


@st.fragment(run_every=1.5)
def _running(base_id: str, job_id: str) -> None:
    """Looks by itself; the page is drawn anew once the job has ended."""
    try:
        job = state.client().operating.check_up(base_id)["job"]
    except ApiError:
        st.rerun()
    if job is None or job["id"] != job_id or job["state"] not in _UNFINISHED:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":shimmer[{_stage(job)}]", width="stretch")
        if st.button(
            t("action.cancel"), icon=":material/close:", type="tertiary", key="checkup-cancel"
        ):
            try:
                state.client().cancel_job(job_id)
            except ApiError as error:  # it has just ended
                st.toast(refused(error), icon=":material/error:")
            st.rerun()
    if job["state"] == "running" and job["total"]:
        st.progress(min(1.0, job["done"] / job["total"]))


def _stage(job: wire.CheckUpJob) -> str:
    name = job["stage"]
    key = f"checkup.stage_{name}"
    if job["state"] == "queued" or key not in words("zh"):
        return t("checkup.waiting")
    return t(key, done=job["done"], total=job["total"])


def _result(base_id: str, found: wire.CheckUp) -> None:
    when = state.local_time(found["found_at"] or "")
    count = len(found["findings"])
    if not count:
        st.success(t("checkup.nothing"), icon=":material/task_alt:")
    else:
        st.header(t("checkup.found", n=count), anchor=False)
    st.caption(t("checkup.looked_at", when=when, documents=found["documents"], n=found["sections"]))
    kinds = dict.fromkeys(each["kind"] for each in found["findings"])
    for kind in kinds:
        own = [each for each in found["findings"] if each["kind"] == kind]
        st.markdown(f"**{t(f'finding.{kind}')}**")
        st.caption(t(f"finding.{kind}_what"))
        for each in own:
            finding.draw(base_id, each)
        if more := found["more"].get(kind):
            st.caption(t("checkup.more", n=more))
    for left_out in found["left_out"]:
        st.caption(t(f"checkup.left_out_{left_out}"))
    if found["ignored"]:
        _ignored(base_id, found["ignored"])


def _ignored(base_id: str, count: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("checkup.ignored", n=count), width="content")
        if st.button(t("checkup.show_ignored"), type="tertiary", key="checkup-show-ignored"):
            state.client().operating.show_ignored(base_id)
            st.rerun()
